"""Releases that fail, each for its own reason, under load.

The old one serves on, the message names the cause in one line, nothing is left behind, the next good deploy succeeds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.releases.failures import CASES, GOOD, LOGS, Case, attempt, deploy_good_one, images_of
from tests.releases.fleet import Fleet, Host
from tests.releases.load import Load
from tests.sandbox.playbook import Outcome

pytestmark = pytest.mark.one_host
SHORT = (
    "exits",
    "other-machine",
    "never-healthy",
    "wrong-page",
    "migration-fails",
    "hook-fails",
    "registry-goes-away",
    "database-goes-away",
)


@pytest.fixture(scope="module")
def traffic(servers: list[str], pushed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """One load for all cases; each looks at its own span of time."""
    fleet = Fleet(servers[:1])
    fleet.add("beacon", **GOOD)
    fleet.deploy(*fleet.fast).succeeded()
    with Load(tmp_path_factory.mktemp("load"), [fleet.first.address], "beacon.sandbox", readers=8) as load:
        yield load


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.long) for name in CASES]
)
def test_the_old_release_serves_on(name: str, traffic: Load, one: Fleet) -> None:
    case, host = CASES[name], one.first
    found = attempt(name, traffic, one)
    found.outcome.failed(*case.message)
    expect_one_line(found.outcome, case, LOGS.get(name, ""))
    found.report.expect_no_failure()
    # Verification looks at the live new release, so only there it may have answered.
    assert case.verify or found.report.versions() == {"good"}, found.report.versions()
    assert one.live("beacon") == found.live
    assert host.upstream("beacon") == f"beacon-r{found.live}-web"
    one.expect_clean("beacon")
    expect_told(host, found.live)
    deploy_good_one(one).succeeded()
    one.expect_clean("beacon")
    # Images of releases that failed go with the next one that succeeds.
    assert images_of(host) == found.images


def expect_one_line(outcome: Outcome, case: Case, log: str) -> None:
    """One line has all of the cause, and the last but one says it again; the log lines are the container's own."""
    lines = [line for line in outcome.lines if all(words in line for words in case.message)]
    own = [line for line in lines if "Cause:" not in line]
    # What verification found is told check by check, below the failure and below the cause.
    assert len(own) == 1 + case.verify, outcome
    assert case.before_lock or case.verify or "was taken back. Cause:" in lines[-1], outcome
    assert log in outcome.output


def expect_told(host: Host, live: int) -> None:
    """The ledger has the failed release and why it failed; one that was never begun is not in it."""
    last = host.ledger("beacon")[-1]
    if last["release"] > live:
        assert last["result"] == "failed" and last["reason"], last
