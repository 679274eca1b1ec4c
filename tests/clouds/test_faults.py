"""Whatever goes wrong on the way: nothing is lost, nothing is paid for twice, and the second run converges.

The stand-in's log tells how many servers were ever made.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress

import psutil
import pytest

from tests.clouds.account import Account, server
from tests.clouds.conftest import PROVIDERS
from tests.clouds.stand_in import ORDERS, StandIn
from tests.sandbox.playbook import ROOT, environment

on_each = pytest.mark.parametrize("provider", PROVIDERS)


@on_each
def test_an_answer_that_is_lost(account: Account, faults: StandIn, provider: str) -> None:
    """The server was made, and the connection reset: it is found, not made again."""
    name = account.named("lost")
    faults.fault("lost-answer", provider, ORDERS[provider])
    account.wants(server(name, provider)).provision().succeeded().says("looking whether it was made", "1 server ready")
    assert faults.made(name) == 1
    account.provision().succeeded().says("1 server, nothing to do")


@on_each
def test_a_run_that_is_killed_after_its_order(account: Account, faults: StandIn, provider: str) -> None:
    """Its host key was written down before the order, so that the next run knows the server that it finds."""
    name = account.named("killed")
    account.wants(server(name, provider))
    kill_when_made(account, faults, name)
    assert len(account.known_hosts) == 1 and not account.hosts_of(provider)
    account.provision().succeeded().says("1 server ready")
    assert faults.made(name) == 1
    assert account.known_hosts[0].split()[0].startswith(f"{name},172.30.0.")


def kill_when_made(account: Account, clouds: StandIn, name: str) -> None:
    """Runs provision.yml and kills it, and all that it started, as soon as the server was made."""
    command = ["ansible-playbook", "-i", str(account.inventory), "playbooks/provision.yml"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not clouds.made(name):
        assert process.poll() is None and time.monotonic() < deadline, "it ended before it ordered anything"
        time.sleep(0.02)
    # Ansible's workers are leaders of sessions of their own, and would go on.
    for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def test_a_rate_limit_and_an_error_of_the_provider_s_in_the_middle_of_five(account: Account, faults: StandIn) -> None:
    order, five = ORDERS["digitalocean"], [account.named(f"five{number}") for number in range(5)]
    faults.fault("status", "digitalocean", order, skip=1, status=429, retry_after=2)
    faults.fault("status", "digitalocean", order, skip=3, status=500)
    account.wants(*(server(name, "digitalocean") for name in five))
    account.provision().succeeded().says("asks to wait (rate limit)", "failed (500)", "5 servers ready")
    assert [faults.made(name) for name in five] == [1] * 5
    faults.begin_log()
    account.provision().succeeded().says("5 servers, nothing to do")
    assert faults.operations() == ["GET /v2/droplets"]


def test_a_quota_that_is_reached_at_the_third_of_five(account: Account, faults: StandIn) -> None:
    five = [account.named(f"five{number}") for number in range(5)]
    faults.fault("quota", "digitalocean", ORDERS["digitalocean"], skip=2, times=3)
    account.wants(*(server(name, "digitalocean") for name in five))
    account.provision().failed().says("3 of 5 servers failed (2 are ready)", "limit")
    assert len(account.hosts_of("digitalocean")) == len(account.known_hosts) == 2
    faults.forget_faults()
    account.provision().succeeded().says("5 servers ready")
    assert [faults.made(name) for name in five] == [1] * 5


@on_each
def test_a_server_that_never_runs(account: Account, faults: StandIn, provider: str) -> None:
    """It is told; the next run replaces what never ran, so that one is paid for."""
    name = account.named("dead")
    faults.fault("error-state", provider)
    account.wants(server(name, provider)).provision().failed().says(name, "did not come up")
    account.provision().succeeded().says("never ran", "1 server ready")
    assert len(faults.servers(name)) == 1


def test_a_first_boot_that_fails(account: Account, faults: StandIn) -> None:
    """cloud-init's own log is shown; the server stays, and the next run takes it as it is."""
    name = account.named("boot")
    lines = server(name, "digitalocean", launch_script="echo the anchor is stuck; exit 3")
    account.wants(lines).provision().failed().says(
        "its first boot ended with an error of cloud-init", "the anchor is stuck"
    )
    account.provision().succeeded().says("taken as it is", "1 server ready")
    account.provision().succeeded().says("1 server, nothing to do")
    assert faults.made(name) == 1


@on_each
def test_a_token_without_the_right(account: Account, faults: StandIn, provider: str) -> None:
    name = account.named("rights")
    faults.fault("rights", provider, times=0)
    account.wants(server(name, provider)).provision().failed().says("lacks a right").says_not("Traceback")
    assert not faults.made(name)


def test_a_name_that_a_server_of_others_has(account: Account, faults: StandIn) -> None:
    name = account.named("taken")
    account.wants(server(name, "digitalocean")).provision().succeeded()
    own, account.project = account.project, "others"
    account.wants(server(name, "digitalocean"))
    account.provision().failed().one_line_with("servers.0.name", f"{name}, which digitalocean has already")
    assert faults.made(name) == 1 and len(faults.servers(name)) == 1
    account.project = own
    account.wants(server(name, "digitalocean")).provision().succeeded().says("nothing to do")


def test_a_region_that_is_sold_out(account: Account, faults: StandIn) -> None:
    provider, name = PROVIDERS[0], account.named("sold")
    faults.fault("sold-out", provider, ORDERS[provider])
    account.wants(server(name, provider)).provision().failed().says(name, "refuses").says_not("Traceback")
    assert not account.known_hosts and not account.hosts_of(provider)
    account.provision().succeeded().says("1 server ready")
    assert faults.made(name) == 1
