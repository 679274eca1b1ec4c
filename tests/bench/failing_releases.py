"""Releases that fail for each of the usual reasons: the second table of docs/reliability.md."""

from __future__ import annotations

from tests.bench.common import Bench, Goal, Result
from tests.bench.fleets import fleet, markdown, write_table
from tests.releases.failures import CASES, GOOD, attempt, deploy_good_one, images_of

TITLE = "Releases that fail"
SHORT = False
ORDER = 75


def measure(bench: Bench) -> Result:
    ours = fleet()
    ours.add("beacon", **GOOD)
    ours.deploy(*ours.fast).succeeded()
    rows, bad = [], 0
    with ours.load("beacon.sandbox", readers=8) as load:
        for name, case in CASES.items():
            found = attempt(name, load, ours)
            told = [line for line in found.outcome.lines if all(words in line for words in case.message)]
            stayed = ours.live("beacon") == found.live
            following = deploy_good_one(ours)
            clean = images_of(ours.first) == found.images
            good = found.outcome.code and told and stayed and not found.report.failed and following.code == 0 and clean
            bad += not good
            message = (told or ["(the cause was not named)"])[0].removeprefix(f"{ours.first.name}: ")[:160]
            failed = f"{len(found.report.failed)} of {len(found.report.answers)}"
            rows.append(
                (name.replace("-", " "), failed, "yes" if stayed else "NO", f"`{message}`", "yes" if clean else "NO")
            )
            print("   " + " | ".join(map(str, rows[-1])), flush=True)
    heading = ("what is wrong", "failed requests", "old release serves", "what a person is told", "next deploy clean")
    if not bench.short:
        write_table("failing_releases", markdown(heading, rows))
    text = (
        f"{len(rows)} ways for a release to fail, under load. The whole table is in [reliability.md](reliability.md)."
    )
    return Result(text, [Goal("failures that did not end well", bad, 0, "")])
