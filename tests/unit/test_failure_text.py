"""A failed task in words: what failed where, its last lines, what to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.probe import Probe, ProbedContainer
from ansible_collections.slipway.vps.plugins.module_utils.status_text import fleet_lines, status_lines
from ansible_collections.slipway.vps.plugins.plugin_utils.failure_text import failure_lines, hint


def lines(**data: Any) -> list[str]:
    return failure_lines("vps-1", "docker: Install", {"failed": True, **data})


def test_a_failure_names_host_task_and_cause() -> None:
    assert lines(msg="no package docker-ce") == ["vps-1: docker: Install failed: no package docker-ce"]


def test_a_phase_stands_in_the_place_of_the_task() -> None:
    assert lines(msg="cut off", phase="pull")[0] == "vps-1: pull failed: cut off"


def test_a_message_that_names_the_host_is_not_prefixed_again() -> None:
    assert lines(msg="vps-1 runs plan9 4; supported: debian")[0] == "vps-1 runs plan9 4; supported: debian"


def test_the_last_log_lines_follow() -> None:
    found = lines(msg="shop-r1-web-1 exited", log="\n".join(f"line {number}" for number in range(40)))
    assert found[0].endswith("shop-r1-web-1 exited")
    assert found[1:] == [f"    | line {number}" for number in range(20, 40)]


def test_input_that_is_wrong_is_told_line_by_line() -> None:
    found = lines(msg="a\nb", slipway_input=["apps/shop.yml: port: found nothing; expected …", "b"])
    assert found == [
        "The input is not right; no host was contacted.",
        "  apps/shop.yml: port: found nothing; expected …",
        "  b",
    ]


def test_a_host_that_cannot_be_reached() -> None:
    found = lines(unreachable=True, msg="Failed to connect\nssh: connect to host 10.0.0.1 port 22: Connection refused")
    assert found[0] == "vps-1 cannot be reached: ssh: connect to host 10.0.0.1 port 22: Connection refused"
    assert "ansible_port" in found[-1]


def test_a_loop_is_told_by_the_item_that_failed() -> None:
    results = [{"msg": "fine"}, {"failed": True, "msg": "the second one broke"}]
    assert lines(msg="One or more items failed", results=results)[0].endswith("the second one broke")


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("Missing sudo password", "--ask-become-pass"),
        ("sudo: a password is required", "NOPASSWD"),
        ("Host key verification failed.", "known_hosts"),
        ("root@10.0.0.1: Permission denied (publickey).", "ansible_ssh_private_key_file"),
        ("ssh: Could not resolve hostname vps", "has no address"),
        ("Connection timed out", "firewall"),
        ("write error: No space left on device", "docker system df"),
    ],
)
def test_what_to_do(message: str, advice: str) -> None:
    assert advice in hint(message, unreachable=True) and advice in lines(msg=message, unreachable=True)[-1]


def test_a_timeout_that_is_not_of_ssh_gets_no_advice_about_ssh() -> None:
    assert hint("the database said: Connection timed out") == ""


def test_no_advice_where_none_is_known() -> None:
    assert hint("something new") == ""


def probe() -> Probe:
    record = {
        "number": 4,
        "by": "ann@desk",
        "commit": "0123456789abcdef",
        "image": "shop@sha256:1",
        "created": "yesterday",
    }
    web = ProbedContainer("shop", "shop-r4-web-1", "running", "Up 2 hours (healthy)", 4, "web", "", "")
    database = ProbedContainer("shop", "shop-services-db-1", "running", "Up 3 days", 0, "", "db", "c")
    other = ProbedContainer("blog", "blog-r1-web-1", "running", "Up 3 days", 1, "web", "", "")
    ledger = [
        {"release": 3, "result": "failed", "at": "t3", "reason": "pull: away", "by": "bob@laptop", "tag": "v3"},
        {"release": 4, "result": "live", "at": "t4", "seconds": 8.1, "of": 2, "by": "ann@desk"},
    ]
    return Probe(live=4, releases={4: record}, containers=[database, other, web], ledger=ledger)


def test_a_status_says_what_is_live_what_runs_and_what_was() -> None:
    assert status_lines("shop", probe()) == [
        "release 4 is live since t4, by ann@desk, commit 0123456789ab",
        "image shop@sha256:1",
        "shop-r4-web-1: web of release 4, Up 2 hours (healthy)",
        "shop-services-db-1: db, Up 3 days",
        "history: t3 release 3 failed (deploy v3, by bob@laptop): pull: away",
        "history: t4 release 4 live in 8.1 s (rollback to release 2, by ann@desk)",
    ]


def test_a_status_of_a_host_that_never_had_a_release() -> None:
    assert status_lines("shop", Probe()) == ["no release is live"]


def test_a_status_tells_of_maintenance_and_of_a_lock() -> None:
    held = {"owner": "ann@desk", "purpose": "deploy of release 5", "since": "t5", "expires": "t6"}
    found = status_lines("shop", Probe(maintenance=True, lock=held))
    assert found[1:] == ["maintenance mode is on", "locked by ann@desk (deploy of release 5) since t5, until t6"]


def test_a_fleet_that_differs_is_told() -> None:
    assert fleet_lines({"a": (4, "x"), "b": (4, "x")}) == [] == fleet_lines({})
    (line,) = fleet_lines({"a": (4, "x"), "b": (0, "")})
    assert line.startswith("the fleet is mixed: a has release 4, b has none")
