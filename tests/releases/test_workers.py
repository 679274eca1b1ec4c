"""A release does not lose a job and does none twice: an old worker ends its job, a new one is up before that."""

from __future__ import annotations

import pytest

from tests.releases.fleet import Fleet
from tests.releases.jobs import Parcels, ask, wait_for_jobs

pytestmark = pytest.mark.one_host


@pytest.fixture
def courier(one: Fleet) -> Fleet:
    workers = {"worker": {"deploy": {"replicas": 4}}}
    one.add("courier", tag="v1", environment={"VERSION": "good"}, processes=workers)
    one.deploy(*one.fast).succeeded()
    return one


def test_every_job_is_done_once(courier: Fleet) -> None:
    address = courier.first.address
    with Parcels([address], longest=8, per_second=0.7) as parcels:
        for version in ("second", "third", "fourth"):
            outcome = courier.release("courier", version).succeeded()
    assert not parcels.sent.failed
    assert len(parcels.sent.jobs) > 10
    found = wait_for_jobs(address, parcels.sent, 90)
    assert (found.lost_rows, found.lost_jobs, found.twice) == ([], [], [])
    assert "worker" in outcome.output
    courier.expect_clean("courier")


def test_a_deploy_shows_for_which_worker_it_waits_and_how_long(courier: Fleet) -> None:
    address = courier.first.address
    before = ask(address, "/counts")["done"]
    for number in ("long-a", "long-b"):
        ask(address, "/jobs", {"number": f"{number}-{len(before)}", "seconds": 30})
    outcome = courier.release("courier", "patient").succeeded()
    waiting = [line for line in outcome.lines if "waiting for" in line and "-worker-" in line]
    assert waiting and "to finish its work (at most" in waiting[0], outcome.output
    done = ask(address, "/counts")["done"]
    assert all(done.get(f"{number}-{len(before)}") == 1 for number in ("long-a", "long-b"))


def test_the_migration_runs_once_for_each_release(courier: Fleet) -> None:
    before = ask(courier.first.address, "/counts")["migrations"]
    courier.release("courier", "migrated").succeeded()
    assert ask(courier.first.address, "/counts")["migrations"] == before + 1
