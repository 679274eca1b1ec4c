"""verify.yml as a user runs it: the whole of ansible-playbook, against one host."""

from __future__ import annotations

import re
import statistics

from tests.bench.common import Bench, Goal, Result, run, table, take_turns

TITLE = "Verification of a host"
SHORT = True
ORDER = 20

METHOD = """\
The wall time of `ansible-playbook playbooks/verify.yml` against the host that runs all of microblog, start of Ansible
and SSH included.
"""


def measure(bench: Bench) -> Result:
    inventory = bench.deployed.inventory
    counts: list[int] = []

    def verify() -> float:
        outcome = run(["ansible-playbook", "-i", str(inventory), "playbooks/verify.yml"])
        found = re.search(r"(\d+) checks passed", outcome.output)
        assert found, outcome
        counts.append(int(found[1]))
        return outcome.seconds

    take_turns(1, {"verify.yml": verify})
    seconds = take_turns(3 if bench.short else 9, {"verify.yml": verify})
    goals = [
        Goal("verify.yml", statistics.median(seconds["verify.yml"]), 5, "s"),
        Goal("checks that a run leaves out of 60", max(0, 60 - min(counts)), 0, "checks"),
    ]
    listed = "\n".join(f"- {goal}" for goal in goals)
    return Result(f"{METHOD}\n{table(seconds, 'verify.yml')}\n\n{min(counts)} checks passed.\n\n{listed}", goals)
