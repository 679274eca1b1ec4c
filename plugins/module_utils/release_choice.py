"""Which release a run is about: a new number, the one that part of the fleet already has, or one that was cut off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .problem import InputError, Problem


@dataclass(frozen=True)
class Choice:
    """`of` is the release that a rollback goes back to (0: none); `digest` is '' when only the registry can tell."""

    number: int
    kind: str
    digest: str
    of: int = 0


def choose(plans: Mapping[str, Mapping[str, Any]], kind: str, wanted: str = "") -> Choice:
    """The same choice on every host, from the plans of all.

    `plans` maps app hosts, in the inventory's order. Raises InputError.
    """
    first = next(iter(plans.values()))
    fresh = max(plan["highest"] for plan in plans.values()) + 1
    if kind == "rollback":
        return _begun_rollback(plans, wanted) or _rollback(plans, wanted, fresh)
    failed = _failed(plans)
    joined = {plan["live"] for plan in plans.values() if plan["live"] and plan["live_matches"]} - failed
    if joined:
        number = max(joined)
        digest = next(plan["live_digest"] for plan in plans.values() if plan["live"] == number)
        return Choice(number, kind, digest)
    number = _cut_off(plans)
    return Choice(fresh if number in failed or not number else number, kind, first["digest"])


def _failed(plans: Mapping[str, Mapping[str, Any]]) -> set[int]:
    """The releases that some host has taken back: a host that was away then may still have one live."""
    return {line["release"] for plan in plans.values() for line in plan["ledger"] if line.get("result") == "failed"}


def _cut_off(plans: Mapping[str, Mapping[str, Any]]) -> int:
    """The number of a release that was begun with just what is wanted now, and was cut off; 0 when there is none."""
    numbers = {max(plan["unfinished"]) for plan in plans.values() if plan["unfinished"]}
    if len(numbers) != 1:
        return 0
    number = numbers.pop()
    if number <= max(plan["live"] for plan in plans.values()):
        return 0
    for plan in plans.values():
        record = plan["releases"].get(str(number))
        if record is None:
            continue
        same = (
            record.get("config") == plan["config"]
            and record.get("digest") == plan["digest"]
            and record.get("kind") == "deploy"
        )
        if not same or record.get("secrets") != plan["secrets"]:
            return 0
    return number


def _begun_rollback(plans: Mapping[str, Mapping[str, Any]], wanted: str) -> Choice | None:
    """A rollback that was cut off on some host: the same command goes on with it, and not one release further."""
    failed = _failed(plans)
    for plan in plans.values():
        numbers = [*plan["unfinished"], *([] if plan.get("settled", True) else [plan["live"]])]
        for number in sorted(numbers, reverse=True):
            record = plan["releases"].get(str(number)) or {}
            same = record.get("kind") == "rollback" and wanted in ("", str(record.get("of")))
            if same and number not in failed:
                return Choice(number, "rollback", record["digest"], int(record["of"]))
    return None


def _rollback(plans: Mapping[str, Mapping[str, Any]], wanted: str, fresh: int) -> Choice:
    ledger = next(iter(plans.values()))["ledger"]
    live = max(plan["live"] for plan in plans.values())
    succeeded = [line["release"] for line in ledger if line.get("result") == "live" and line["release"] != live]
    there = [
        number for number in dict.fromkeys(succeeded) if all(str(number) in plan["releases"] for plan in plans.values())
    ]
    expected = "one of " + ", ".join(map(str, there)) if there else "an earlier release; this fleet has none"
    if wanted:
        if not wanted.isdigit() or int(wanted) not in there:
            found = f"{wanted}, which is live" if wanted == str(live) else wanted
            raise InputError([Problem("rollback", "-e release", found, expected)])
        of = int(wanted)
    else:
        of = _before(live, there, {line["release"]: int(line.get("of") or 0) for line in ledger})
        if not of:
            raise InputError([Problem("rollback", "release before the live one", "none", expected)])
    record = next(iter(plans.values()))["releases"][str(of)]
    return Choice(fresh, "rollback", record["digest"], of)


def _before(live: int, there: list[int], origin: Mapping[int, int]) -> int:
    """The release before the live one, 0 for none.

    `origin` maps a rollback to the release that it brought back: the one before a rollback is the one before that, so
    that two rollbacks go two releases back instead of to the one that was left.
    """
    while origin.get(live):
        live = origin[live]
    earlier = [number for number in there if number < live and not origin.get(number)]
    return earlier[-1] if earlier else 0
