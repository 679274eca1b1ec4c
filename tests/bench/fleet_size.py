"""How a release's time grows with the number of hosts, and the memory that it takes."""

from __future__ import annotations

import os
import statistics
import time

from sandbox import names
from tests.bench.common import Bench, Goal, Result
from tests.bench.fleets import fleet, markdown
from tests.bench.memory import most_megabytes, server_megabytes
from tests.releases.fleet import Fleet

TITLE = "Fleets of one to eight hosts"
SHORT = False
ORDER = 70
SIZES = (1, 2, 4, 8)
HEADING = ("hosts", "median s", "least s", "most s", "controller MB", "a host MB")
TEXT = """\
Beacon with two web containers on each host, its image there, verification switched off; {rounds} releases each.
`forks` is 20, so the hosts' steps begin together. Hosts and controller share this machine's {processors} processors, though, so
that what they do at the same time takes its time here: a step's work grows with hosts / processors, and that is the
goal. Memory is PSS: the most that `ansible-playbook` and its processes had in a release, and all that runs on one of
the hosts 20 s after it.
"""


def release(ours: Fleet) -> float:
    return ours.release("beacon", f"v{time.time_ns()}").succeeded().seconds


def controller_megabytes(ours: Fleet) -> float:
    """The controller's memory in one more release."""
    ours.change("beacon", environment={"VERSION": f"v{time.time_ns()}"})
    running = ours.start("deploy", *ours.fast)
    most = most_megabytes(running.process)
    running.wait().succeeded()
    return most


def measure(bench: Bench) -> Result:
    rounds, processors = 3 if bench.short else 5, os.cpu_count() or 1
    rows, medians = [], {}
    for size in SIZES[: 2 if bench.short else len(SIZES)]:
        ours = fleet([server.name for server in names.all_servers()][-size:])
        ours.add("beacon", tag="v1", environment={"VERSION": "first"})
        ours.deploy(*ours.fast).succeeded()
        seconds = [release(ours) for _ in range(rounds)]
        medians[size] = statistics.median(seconds)
        shown = [f"{value:.2f}" for value in (medians[size], min(seconds), max(seconds))]
        rows.append((size, *shown, f"{controller_megabytes(ours):.0f}", f"{server_megabytes(ours.first):.0f}"))
        print("   " + " | ".join(map(str, rows[-1])), flush=True)
    largest = max(medians)
    goal = Goal(f"{largest} hosts against one", medians[largest] / medians[1], max(largest / processors, 1))
    text = f"{TEXT.format(rounds=rounds, processors=processors)}\n{markdown(HEADING, rows)}\n\n- {goal}"
    return Result(text, [goal])
