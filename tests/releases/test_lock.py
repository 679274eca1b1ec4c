"""One deploy at a time: the second one stops at once, or waits; what a crashed one left is taken over."""

from __future__ import annotations

import json
import time

import pytest

from tests.releases.fleet import STATE, Fleet, Running

pytestmark = pytest.mark.one_host
LOCK = f"{STATE}/beacon/lock"


def slow_deploy(fleet: Fleet, seconds: int = 12) -> Running:
    """A deploy that a hook holds up, once it has its lock."""
    fleet.change(
        "beacon",
        environment={"VERSION": f"slow-{time.time_ns()}"},
        hooks={"before_release": {"command": ["sleep", str(seconds)]}},
    )
    run = fleet.start("deploy", *fleet.fast)
    deadline = time.monotonic() + 60
    while not fleet.first.lock("beacon"):
        assert time.monotonic() < deadline and run.process.poll() is None, run.wait()
        time.sleep(0.1)
    return run


def foreign_lock(fleet: Fleet, seconds: float) -> None:
    """A lock of somebody on another machine, which expires in so many seconds."""
    record = {
        "format": 1,
        "owner": "ann@desk",
        "purpose": "deploy of release 99",
        "since": "2026-01-01T10:00:00Z",
        "expires": "2026-01-01T10:05:00Z",
        "expires_at": time.time() + seconds,
        "token": "another-machine/1/1",
    }
    fleet.first.write(LOCK, json.dumps(record))


def test_a_second_deploy_stops_at_once_and_says_whose_turn_it_is(beacon: Fleet) -> None:
    run = slow_deploy(beacon)
    begun = time.monotonic()
    second = beacon.deploy(*beacon.fast).failed("locked by ", "(deploy of release ", "since ", "until ")
    assert "wait_for_lock" in second.output and "playbooks/unlock.yml" in second.output
    assert run.process.poll() is None, "the second deploy was not refused while the first was at work"
    assert time.monotonic() - begun < 30
    first = run.wait().succeeded()
    assert "is live" in first.output
    beacon.expect_clean("beacon")


def test_a_second_deploy_may_wait(beacon: Fleet) -> None:
    run = slow_deploy(beacon, 8)
    second = beacon.deploy(*beacon.fast, "-e", "wait_for_lock=120").succeeded()
    run.wait().succeeded()
    assert "waiting for the lock of" in second.output
    beacon.expect_clean("beacon")


def test_the_lock_of_a_killed_controller_of_this_machine_is_taken_over_at_once(beacon: Fleet) -> None:
    run = slow_deploy(beacon, 30)
    run.kill()
    run.wait()
    assert beacon.first.lock("beacon")
    beacon.change("beacon", hooks=None)
    outcome = beacon.deploy(*beacon.fast).succeeded()
    outcome.line_with("took over the lock of", "its process is gone")
    beacon.expect_clean("beacon")


def test_a_lock_of_another_machine_counts_until_it_expires(beacon: Fleet) -> None:
    foreign_lock(beacon, 300)
    live = beacon.live("beacon")
    beacon.release("beacon", "locked-out").failed("locked by ann@desk (deploy of release 99)", "Nothing was begun")
    assert beacon.live("beacon") == live
    foreign_lock(beacon, -1)
    outcome = beacon.release("beacon", "expired").succeeded()
    outcome.line_with("took over the lock of ann@desk (deploy of release 99): it expired at")
    beacon.expect_clean("beacon")


def test_a_deploy_with_nothing_to_do_leaves_no_lock_of_a_run_that_is_gone(beacon: Fleet) -> None:
    foreign_lock(beacon, 100)
    assert "given back" not in beacon.deploy(*beacon.fast).succeeded().output
    assert beacon.first.lock("beacon"), "it may be somebody's"
    foreign_lock(beacon, -1)
    outcome = beacon.deploy(*beacon.fast).succeeded()
    assert "the lock of ann@desk (deploy of release 99), whose run is gone, was given back" in outcome.output
    beacon.expect_clean("beacon")


def test_unlock_removes_it_and_says_whose_it_was(beacon: Fleet) -> None:
    foreign_lock(beacon, 300)
    beacon.start("unlock").wait().succeeded().says("removed the lock of ann@desk (deploy of release 99)")
    beacon.start("unlock").wait().succeeded().says("not locked")
    beacon.release("beacon", "unlocked").succeeded()
