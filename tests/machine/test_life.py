"""From a bare machine to a guest book on it: confined, hardened, there after a reboot and after its power went."""

from __future__ import annotations

import time

import pytest
import requests

from sandbox.servers import OPERATOR
from tests.hardening.hardened import LISTED, TRIED, expect_operator_alone, expect_settings
from tests.hardening.outside import Outside, login
from tests.machine.conftest import bare_machine
from tests.machine.powered import PoweredFleet, wait_until
from tests.sandbox import visitor
from tests.sandbox.playbook import Outcome

DOMAIN = "guestbook.localhost"
WEB = "guestbook-r{}-web-1"
# What only a kernel of one's own can be told.
KERNEL = {
    "kernel/kptr_restrict": "2",
    "kernel/dmesg_restrict": "1",
    "kernel/sysrq": "0",
    "kernel/unprivileged_bpf_disabled": "1",
    "net/core/bpf_jit_harden": "2",
    "fs/protected_fifos": "2",
    "vm/swappiness": "10",
}


@pytest.fixture(scope="module")
def fleet() -> PoweredFleet:
    """A guest book that is to keep its entries in MariaDB beside it."""
    return bare_machine("guestbook", services={"database": {"preset": "mariadb"}})


@pytest.fixture(scope="module")
def deployed(fleet: PoweredFleet) -> Outcome:
    return fleet.deploy().succeeded()


def sign(fleet: PoweredFleet, text: str) -> None:
    visitor.page(fleet.first, DOMAIN, method="POST", data={"text": text}).raise_for_status()


def shows(fleet: PoweredFleet, *texts: str) -> bool:
    try:
        shown = visitor.page(fleet.first, DOMAIN)
    except requests.RequestException:
        return False
    return shown.ok and all(text in shown.text for text in texts)


def expect_kernel(fleet: PoweredFleet) -> None:
    found = {name: fleet.first.inside(f"cat /proc/sys/{name}") for name in KERNEL}
    assert found == KERNEL


def test_it_is_a_machine_with_cgroup_v2(deployed: Outcome, fleet: PoweredFleet) -> None:
    assert fleet.first.ssh("systemd-detect-virt --container").returncode != 0
    assert fleet.first.inside("docker info --format '{{.CgroupVersion}} {{.CgroupDriver}}'") == "2 systemd"
    assert "memory" in fleet.first.inside("cat /sys/fs/cgroup/cgroup.controllers").split()


def test_nothing_is_left_out(deployed: Outcome) -> None:
    assert "left out" not in deployed.output, deployed.output


def test_deploy_ends_with_the_release_live_and_verified(deployed: Outcome, fleet: PoweredFleet) -> None:
    deployed.line_with("Release 1 is live")
    deployed.says("checks passed")
    fleet.expect_clean("guestbook")


def test_second_run_has_nothing_to_do(deployed: Outcome, fleet: PoweredFleet) -> None:
    fleet.deploy().succeeded().line_with(fleet.first.name, "nothing to do")


def test_the_kernel_holds_a_process_to_its_limit(deployed: Outcome, fleet: PoweredFleet) -> None:
    # 256 MB, and as much of swap.
    container = WEB.format(fleet.live("guestbook"))
    result = fleet.first.ssh(f"docker exec {container} python -c 'bytearray([1]) * (700 << 20)'")
    assert result.returncode == 137, result
    assert shows(fleet, "Guest book")


def test_the_kernel_confines_it(deployed: Outcome, fleet: PoweredFleet) -> None:
    container = WEB.format(fleet.live("guestbook"))
    assert fleet.first.inside(f"docker exec {container} cat /proc/1/attr/current") == "docker-default (enforce)"


def test_the_kernel_has_its_settings_and_a_small_server_its_swap(deployed: Outcome, fleet: PoweredFleet) -> None:
    expect_kernel(fleet)
    assert "/swapfile file" in fleet.first.inside("swapon --show=NAME,TYPE --noheadings --raw")
    assert fleet.first.inside("systemctl is-active systemd-timesyncd") == "active"


def test_a_stranger_sees_the_listed_ports_and_the_operator_alone_gets_in(
    deployed: Outcome, fleet: PoweredFleet, outside: Outside
) -> None:
    assert outside.open_ports(fleet.first, TRIED) == {"IPv4": LISTED, "IPv6": LISTED}
    expect_operator_alone(fleet.first)
    expect_settings(fleet.first)


def test_all_of_it_is_there_after_a_reboot(deployed: Outcome, fleet: PoweredFleet, outside: Outside) -> None:
    sign(fleet, "before the reboot")
    fleet.first.reboot()
    wait_until(lambda: shows(fleet, "before the reboot"), "the guest book is not there")
    expect_kernel(fleet)
    assert "/swapfile file" in fleet.first.inside("swapon --show=NAME,TYPE --noheadings --raw")
    assert outside.open_ports(fleet.first, TRIED) == {"IPv4": LISTED, "IPv6": LISTED}
    fleet.first.inside("docker ps --quiet --filter name=slipway-proxy")
    assert login(fleet.first, OPERATOR).returncode == 0


def test_what_was_answered_outlives_the_power(deployed: Outcome, fleet: PoweredFleet) -> None:
    sign(fleet, "a moment before the power went")
    fleet.first.cut_power()
    wait_until(lambda: shows(fleet, "a moment before the power went"), "the guest book is not there")
    fleet.start("verify").wait(timeout=600).succeeded().says("checks passed")
    fleet.deploy().succeeded().line_with("Nothing to do.")


# Which release is live when the power is back, counted from the one before.
@pytest.mark.parametrize(("phase", "allowed"), [("migrate", [0]), ("start", [0]), ("switch", [0, 1]), ("settle", [1])])
def test_a_release_whose_server_loses_its_power(
    phase: str, allowed: list[int], deployed: Outcome, fleet: PoweredFleet
) -> None:
    sign(fleet, f"before {phase}")
    live = fleet.live("guestbook")
    title = f"Title {time.time_ns()}"
    fleet.change("guestbook", environment={"TITLE": title})
    first = fleet.deploy_and_crash(phase)
    assert first.code != 0 and "Traceback" not in first.output, first.output
    assert fleet.first.name in first.output
    fleet.first.wait_until_booted()
    wait_until(lambda: shows(fleet, f"before {phase}"), "the guest book is not there")
    found = fleet.live("guestbook") - live
    assert found in allowed
    assert shows(fleet, title) == (found == 1)
    print(f"live after the power went in {phase}: the {'new' if found else 'old'} release")
    fleet.deploy().succeeded()
    assert shows(fleet, title, f"before {phase}")
    fleet.expect_clean("guestbook")
    fleet.deploy().succeeded().line_with("Nothing to do.")
