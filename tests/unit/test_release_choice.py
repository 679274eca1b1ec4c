"""Which release a run is about: the same one on every host of the fleet, whatever state the hosts are in."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.module_utils.release_choice import Choice, choose
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def record(number: int, digest: str = OLD, **more: Any) -> dict[str, Any]:
    return {"number": number, "digest": digest, "config": "config", "secrets": "secrets", "kind": "deploy", **more}


def host(
    live: int = 0, matches: bool = False, releases: dict[int, dict[str, Any]] | None = None, **more: Any
) -> dict[str, Any]:
    """A host's plan; its ledger has all its releases up to the live one."""
    releases = {number: record(number) for number in range(1, live + 1)} if releases is None else releases
    values = {
        "live": live,
        "live_matches": matches,
        "live_digest": releases.get(live, {}).get("digest", ""),
        "highest": max([live, *releases]),
        "unfinished": sorted(number for number in releases if number > live),
        "releases": {str(number): each for number, each in releases.items()},
        "ledger": [{"release": number, "result": "live"} for number in sorted(releases) if number <= live],
        "config": "config",
        "secrets": "secrets",
        "digest": NEW,
    }
    return {**values, **more}


def test_the_first_release_is_number_1() -> None:
    assert choose({"a": host(), "b": host()}, "deploy") == Choice(1, "deploy", NEW)


def test_a_new_release_is_one_more_than_any_host_has_ever_had() -> None:
    assert choose({"a": host(4), "b": host(4, highest=9)}, "deploy").number == 10


def test_a_new_host_joins_the_release_that_is_live() -> None:
    plans = {"a": host(), "b": host(4, matches=True)}
    assert choose(plans, "deploy") == Choice(4, "deploy", OLD)


def test_a_host_that_lags_behind_joins_the_others() -> None:
    releases = {4: record(4), 5: record(5, NEW)}
    plans = {"a": host(5, True, releases), "b": host(4)}
    assert choose(plans, "deploy") == Choice(5, "deploy", NEW)


def test_a_release_that_was_cut_off_is_resumed() -> None:
    cut_off = {4: record(4), 5: record(5, NEW)}
    plans = {"a": host(4, releases=cut_off), "b": host(4)}
    assert choose(plans, "deploy") == Choice(5, "deploy", NEW)


@pytest.mark.parametrize("change", [{"digest": OLD}, {"config": "x"}, {"secrets": "x"}, {"kind": "rollback"}])
def test_a_cut_off_release_of_something_else_is_not_resumed(change: dict[str, Any]) -> None:
    cut_off = {4: record(4), 5: record(5, **{"digest": NEW, **change})}
    assert choose({"a": host(4, releases=cut_off)}, "deploy").number == 6


def test_two_cut_off_releases_are_not_resumed() -> None:
    plans = {
        "a": host(4, releases={4: record(4), 5: record(5, NEW)}),
        "b": host(4, releases={4: record(4), 6: record(6, NEW)}),
    }
    assert choose(plans, "deploy").number == 7


def test_a_cut_off_release_that_the_fleet_has_passed_is_not_resumed() -> None:
    """A host was away while the others went on: numbers read forward only."""
    plans = {"a": host(4, releases={4: record(4), 5: record(5, NEW)}), "b": host(7)}
    assert choose(plans, "deploy").number == 8


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 3)), min_size=1, max_size=4))
def test_a_deploy_never_goes_back_in_number(fleet: list[tuple[int, bool, int]]) -> None:
    plans = {}
    for index, (live, matches, more) in enumerate(fleet):
        releases = {number: record(number, NEW) for number in range(1, live + more + 1)}
        plans[f"host-{index}"] = host(live, matches and live > 0, releases)
    choice = choose(plans, "deploy")
    matching = [plan["live"] for plan in plans.values() if plan["live_matches"]]
    assert choice.number >= max(matching, default=0)
    if not matching:
        assert choice.number > max(plan["live"] for plan in plans.values())


def test_a_rollback_is_a_new_release_of_the_one_before() -> None:
    assert choose({"a": host(4), "b": host(4)}, "rollback") == Choice(5, "rollback", OLD, 3)


def test_a_rollback_to_a_release_by_number() -> None:
    assert choose({"a": host(4)}, "rollback", "2").of == 2


@pytest.mark.parametrize(
    ("wanted", "found"), [("4", "found 4, which is live"), ("9", "found 9"), ("two", "found two"), ("-1", "found -1")]
)
def test_a_rollback_to_what_is_no_earlier_release(wanted: str, found: str) -> None:
    with pytest.raises(InputError) as caught:
        choose({"a": host(4)}, "rollback", wanted)
    assert found in str(caught.value) and "expected one of 1, 2, 3" in str(caught.value)


def test_a_rollback_needs_a_release_that_every_host_still_has() -> None:
    short = host(4, releases={3: record(3), 4: record(4)})
    assert choose({"a": host(4), "b": short}, "rollback").of == 3
    with pytest.raises(InputError, match="expected one of 3"):
        choose({"a": host(4), "b": short}, "rollback", "1")


def test_a_rollback_skips_releases_that_failed() -> None:
    ledger = [{"release": 2, "result": "live"}, {"release": 3, "result": "failed"}, {"release": 4, "result": "live"}]
    assert choose({"a": host(4, ledger=ledger)}, "rollback").of == 2


@pytest.mark.parametrize("plans", [{"a": host(1)}, {"a": host()}])
def test_a_rollback_without_an_earlier_release(plans: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="this fleet has none"):
        choose(plans, "rollback")


def test_a_release_that_a_host_has_taken_back_is_begun_under_a_new_number() -> None:
    """A host was killed after its switch, the others went back: it serves the failed release until the next run."""
    failed = [{"release": 4, "result": "live"}, {"release": 5, "result": "failed"}]
    releases = {4: record(4), 5: record(5, NEW)}
    assert choose({"a": host(4, ledger=failed, highest=5), "b": host(5, True, releases)}, "deploy").number == 6
    assert choose({"a": host(4, ledger=failed, highest=5), "b": host(4, releases=releases)}, "deploy").number == 6


@pytest.mark.parametrize("wanted", ["", "3"])
def test_a_rollback_that_was_cut_off_goes_on(wanted: str) -> None:
    back = record(5, kind="rollback", of=3)
    before_switch = host(4, releases={**{n: record(n) for n in range(1, 5)}, 5: back})
    after_switch = host(5, releases={**{n: record(n) for n in range(1, 5)}, 5: back}, settled=False)
    for plan in (before_switch, after_switch):
        assert choose({"a": plan, "b": host(4)}, "rollback", wanted) == Choice(5, "rollback", OLD, 3)


def test_another_rollback_than_the_one_that_was_cut_off_is_a_new_one() -> None:
    cut_off = {**{n: record(n) for n in range(1, 5)}, 5: record(5, kind="rollback", of=3)}
    assert choose({"a": host(4, releases=cut_off)}, "rollback", "2") == Choice(6, "rollback", OLD, 2)


def test_two_rollbacks_go_two_releases_back() -> None:
    releases = {**{n: record(n) for n in range(1, 5)}, 5: record(5, kind="rollback", of=3)}
    ledger = [*({"release": n, "result": "live"} for n in range(1, 5)), {"release": 5, "result": "live", "of": 3}]
    assert choose({"a": host(5, releases=releases, ledger=ledger)}, "rollback").of == 2
    assert choose({"a": host(5, releases=releases, ledger=ledger)}, "rollback", "4").of == 4
