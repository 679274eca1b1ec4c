"""A release is one that nobody notices: not one request fails, and nobody gets the old version after the new one."""

from __future__ import annotations

import time

import pytest

from tests.releases import images
from tests.releases.fleet import Fleet
from tests.releases.load import Report

pytestmark = pytest.mark.one_host
# Two answers of the switch's own moment may overtake each other.
OVERLAP_SECONDS = 0.5


def expect_in_order(report: Report, versions: list[str]) -> None:
    """Once a version has answered, no request that is sent after that is answered by an earlier one."""
    pages = sorted((answer for answer in report.answers if answer.kind == "page"), key=lambda answer: answer.at)
    first = {name: min(a.at + a.milliseconds / 1000 for a in pages if a.version == name) for name in versions}
    for place, version in enumerate(versions[:-1]):
        late = [a for a in pages if a.version == version and a.at > first[versions[place + 1]] + OVERLAP_SECONDS]
        assert not late, f"{len(late)} answers of {version} after {versions[place + 1]} was live, {late[:3]}"


def test_releases_in_a_row_under_load(beacon: Fleet) -> None:
    versions = ["good", "second", "third"]
    with beacon.load() as load:
        load.wait_for(50)
        for version in versions[1:]:
            beacon.release("beacon", version).succeeded()
            load.wait_for(30)
    report = load.report.expect_no_failure()
    assert report.versions() == set(versions)
    expect_in_order(report, versions)
    beacon.expect_clean("beacon")


@pytest.mark.long
def test_a_new_image_under_load(beacon: Fleet) -> None:
    tag = f"image-{time.time_ns()}"
    images.derive("beacon", "v1", tag)
    beacon.change("beacon", tag=tag, environment={"VERSION": tag})
    with beacon.load() as load:
        load.wait_for(50)
        outcome = beacon.deploy(*beacon.fast).succeeded()
        load.wait_for(30)
    expect_in_order(load.report.expect_no_failure(), ["good", tag])
    assert "image" in outcome.line_with("becomes")


@pytest.mark.long
def test_one_container_is_enough(beacon: Fleet) -> None:
    """With a single web container there is no other one to lean on."""
    beacon.change("beacon", processes={"web": {"deploy": {"replicas": 1}}})
    with beacon.load() as load:
        load.wait_for(50)
        beacon.release("beacon", "single").succeeded()
        load.wait_for(30)
    load.report.expect_no_failure()


@pytest.mark.long
def test_a_request_that_outlasts_the_drain_timeout_is_told_in_time(beacon: Fleet) -> None:
    """The old web process gets its stop signal when the drain timeout is over, and its own grace period after that."""
    beacon.change("beacon", drain_timeout="1s")
    with beacon.load(readers=4, waiters=6) as load:
        load.wait_for(20)
        outcome = beacon.release("beacon", "impatient").succeeded()
        load.wait_for(20)
    load.report.expect_no_failure()
    assert "settle" in outcome.output


def test_another_port_under_load_and_back(beacon: Fleet) -> None:
    """The proxy learns the port with the switch, not before: the old release is asked on its own one to the end."""
    with beacon.load() as load:
        load.wait_for(50)
        beacon.change("beacon", port=8001, environment={"PORT": "8001", "VERSION": "moved"})
        beacon.deploy(*beacon.fast).succeeded()
        load.wait_for(30)
        beacon.start("rollback", *beacon.fast).wait().succeeded()
        load.wait_for(30)
    assert load.report.expect_no_failure().versions() == {"good", "moved"}
