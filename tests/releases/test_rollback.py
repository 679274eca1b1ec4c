"""Back to an earlier release: a release too, under a new number, with the same phases."""

from __future__ import annotations

import http.client
import json
import time

import pytest

from tests.releases import images
from tests.releases.fleet import Fleet
from tests.sandbox.playbook import Outcome

pytestmark = pytest.mark.one_host


def rollback(fleet: Fleet, *arguments: str) -> Outcome:
    return fleet.start("rollback", *fleet.fast, *arguments).wait()


def version(fleet: Fleet) -> str:
    """What the live release calls itself, asked through the proxy."""
    connection = http.client.HTTPConnection(fleet.first.address, timeout=10)
    connection.request("GET", "/", headers={"Host": "beacon.sandbox"})
    return json.loads(connection.getresponse().read())["version"]


def test_to_the_one_before_and_to_one_by_number(beacon: Fleet) -> None:
    for name in ("one", "two", "three"):
        beacon.release("beacon", name).succeeded()
    newest = beacon.live("beacon")
    with beacon.load(readers=6, waiters=2, uploaders=2) as load:
        load.wait_for(30)
        outcome = rollback(beacon).succeeded()
        load.wait_for(20)
    load.report.expect_no_failure()
    assert version(beacon) == "two"
    assert beacon.live("beacon") == newest + 1
    outcome.says(f"back to release {newest - 1}", "migrations are not undone")
    line = beacon.first.ledger("beacon")[-1]
    assert (line["kind"], line["of"], line["result"]) == ("rollback", newest - 1, "live")
    # A second one goes a release further back, not to the one that was left.
    rollback(beacon).succeeded()
    assert version(beacon) == "one"
    rollback(beacon, "-e", f"release={newest}").succeeded()
    assert version(beacon) == "three"
    beacon.expect_clean("beacon")


@pytest.mark.parametrize("wanted", ["999", pytest.param("two", marks=pytest.mark.long), "LIVE"])
def test_to_no_such_release(beacon: Fleet, wanted: str) -> None:
    beacon.release("beacon", "before").succeeded()
    beacon.release("beacon", "after").succeeded()
    live = beacon.live("beacon")
    number = str(live) if wanted == "LIVE" else wanted
    outcome = rollback(beacon, "-e", f"release={number}").failed("-e release", f"found {number}", "expected one of")
    assert f"{live - 1}" in outcome.output.split("expected one of")[1]
    assert beacon.live("beacon") == live and version(beacon) == "after"
    beacon.expect_clean("beacon")


def test_an_image_that_is_gone_from_the_host_comes_from_the_registry_by_its_digest(beacon: Fleet) -> None:
    tag = f"old-{time.time_ns()}"
    images.derive("beacon", "v1", tag)
    beacon.change("beacon", tag=tag, environment={"VERSION": tag})
    beacon.deploy(*beacon.fast).succeeded()
    digest = beacon.first.ledger("beacon")[-1]["image"]
    beacon.change("beacon", tag="v1", environment={"VERSION": "newer"})
    beacon.deploy(*beacon.fast).succeeded()
    beacon.first.inside(f"docker image rm {digest}")
    rollback(beacon).succeeded()
    assert version(beacon) == tag
    assert digest.rpartition("@")[2] in beacon.first.inside("docker images --digests")


@pytest.mark.long
def test_five_releases_stay_and_nothing_else_is_taken(beacon: Fleet) -> None:
    host = beacon.first
    host.inside("docker volume create kept-volume; docker tag slipway-mine:1 x 2>/dev/null; true")
    stranger = host.inside("docker images --quiet caddy | head -1")
    for number in range(7):
        beacon.release("beacon", f"many-{number}").succeeded()
    live = beacon.live("beacon")
    assert host.releases("beacon") == list(range(live - 4, live + 1))
    assert "kept-volume" in host.inside("docker volume ls --quiet")
    assert stranger in host.inside("docker images --quiet")
    for number in host.releases("beacon")[:-1]:
        assert not host.has(f"/var/lib/slipway/beacon/releases/{number}/secrets")
