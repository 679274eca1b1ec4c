"""Settings that lock the administrator out, for real: they are taken back, whoever is still there to do it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.hardening.outside import operator_gets_in
from tests.releases.fleet import Fleet, Host

NOBODY = {"firewall_ssh_from": ["192.0.2.1"]}
CLOSED = "192.0.2.1"
GUARD = "/var/lib/slipway/server/lockout-guard"
# The least that the inventory may ask for.
SECONDS = 20


@pytest.fixture
def fleet(trixie: Fleet) -> Iterator[Fleet]:
    """The hardened server; afterwards its settings are those of before, and so is the server."""
    before = {"firewall_ssh_from": [], "baseline_ssh_options": {}, "firewall_confirm_seconds": 60}
    trixie.settings(**before)
    trixie.deploy(*trixie.fast).succeeded()
    yield trixie
    trixie.settings(**before)
    trixie.deploy(*trixie.fast).succeeded().line_with(trixie.first.name, "nothing to do")


def wait_for(what: Callable[[], bool], seconds: float, text: str) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"within {seconds} s not: {text}"
        time.sleep(0.5)


def is_closed(host: Host) -> bool:
    return CLOSED in host.inside("nft list table inet slipway")


def test_a_firewall_that_shuts_the_controller_out_is_taken_back_at_once(fleet: Fleet) -> None:
    fleet.settings(**NOBODY)
    fleet.deploy(*fleet.fast).failed(
        "with the new firewall no new connection could be made", "settings of before are back"
    )
    assert operator_gets_in(fleet.first) and not is_closed(fleet.first)


def test_an_sshd_that_lets_nobody_in_is_taken_back_at_once(fleet: Fleet) -> None:
    fleet.settings(baseline_ssh_options={"AllowUsers": "nobody"})
    fleet.deploy(*fleet.fast).failed("with the new settings of SSH no new connection could be made", "are back")
    assert operator_gets_in(fleet.first)


def test_settings_that_sshd_does_not_take_never_reach_it(fleet: Fleet) -> None:
    before = fleet.first.inside("cat /etc/ssh/sshd_config.d/00-slipway.conf")
    fleet.settings(baseline_ssh_options={"MaxAuthTries": "many"})
    fleet.deploy(*fleet.fast).failed("sshd does not take its new settings", "MaxAuthTries")
    assert fleet.first.inside("cat /etc/ssh/sshd_config.d/00-slipway.conf") == before


def test_the_timer_takes_back_what_a_killed_controller_has_left(fleet: Fleet) -> None:
    host = fleet.first
    fleet.settings(**NOBODY, firewall_confirm_seconds=SECONDS)
    running = fleet.start("deploy", *fleet.fast)
    wait_for(lambda: is_closed(host), 60, "the new firewall is there")
    running.kill()
    running.process.wait(timeout=30)
    assert not operator_gets_in(host), "the firewall locks nobody out: the test tries nothing"
    wait_for(lambda: not is_closed(host), SECONDS + 20, "the timer has put the firewall of before back")
    assert operator_gets_in(host)


def test_a_reboot_takes_back_what_nobody_has_confirmed(fleet: Fleet) -> None:
    host = fleet.first
    fleet.settings(**NOBODY, firewall_confirm_seconds=600)
    running = fleet.start("deploy", *fleet.fast)
    wait_for(lambda: is_closed(host), 60, "the new firewall is there")
    running.kill()
    running.process.wait(timeout=30)
    assert host.has(f"{GUARD}/pending")
    host.reboot()
    wait_for(lambda: operator_gets_in(host), 30, "the operator gets in")
    assert not is_closed(host) and not host.has(f"{GUARD}/pending")
