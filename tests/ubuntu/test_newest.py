"""Ubuntu 26.04: Python 3.14, sudo-rs, a systemd without cgroup v1.

Where the machine has cgroup v1 (sandbox/README.md), this server's containers have no limits, of which verification
would complain, and the engine outside cannot reach into it once systemd has divided its tree: all goes by SSH.
"""

from __future__ import annotations

import pytest

from sandbox.servers import OPERATOR
from tests.hardening.hardened import LISTED, TRIED, expect_operator_alone
from tests.hardening.outside import Outside, login
from tests.releases.fleet import Fleet
from tests.sandbox import visitor
from tests.sandbox.playbook import Outcome


@pytest.fixture(scope="module")
def deployed(newest: Fleet) -> Outcome:
    return newest.deploy(*newest.fast).succeeded()


def as_operator(fleet: Fleet, command: str) -> str:
    result = login(fleet.first, OPERATOR, command)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_it_is_what_it_says(deployed: Outcome, newest: Fleet) -> None:
    assert as_operator(newest, ". /etc/os-release && echo $ID $VERSION_ID") == "ubuntu 26.04"
    assert as_operator(newest, "sudo --version").startswith("sudo-rs ")
    assert as_operator(newest, "stat --file-system --format %T /sys/fs/cgroup") == "cgroup2fs"
    assert as_operator(newest, "sudo docker info --format '{{.CgroupVersion}}'") == "2"


def test_deploy_ends_with_the_release_live(deployed: Outcome, newest: Fleet) -> None:
    deployed.line_with("Release 1 is live")
    assert visitor.page(newest.first, "guestbook.localhost", "/healthz").json() == {"ok": True, "entries": 0}


def test_second_run_has_nothing_to_do(deployed: Outcome, newest: Fleet) -> None:
    newest.deploy(*newest.fast).succeeded().line_with(newest.first.name, "nothing to do")


def test_a_stranger_sees_the_listed_ports_and_the_operator_alone_gets_in(
    deployed: Outcome, newest: Fleet, outside: Outside
) -> None:
    expect_operator_alone(newest.first)
    assert outside.open_ports(newest.first, TRIED) == {"IPv4": LISTED, "IPv6": LISTED}
