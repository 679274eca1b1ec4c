"""A hundred releases in a row under constant load: none of the requests may fail, and few may notice."""

from __future__ import annotations

import math
import statistics
import time

import pygal
from pygal.style import CleanStyle

from tests.bench.common import ROOT, Bench, Goal, Result
from tests.bench.fleets import fleet
from tests.releases.load import Report

TITLE = "Releases under load"
SHORT = False
ORDER = 60

PLOT = ROOT / "docs/releases-under-load.svg"
STEADY_SECONDS = 20.0
# A cut-over in the plot: so long before and after the switch, in slices of so many seconds.
BEFORE, AFTER, SLICE = 4.0, 4.0, 0.5


def measure(bench: Bench) -> Result:
    count = 3 if bench.short else 100
    ours = fleet()
    ours.add("beacon", tag="v1", environment={"VERSION": "first"})
    ours.deploy(*ours.fast).succeeded()
    spans: list[tuple[float, float]] = []
    with ours.load() as load:
        load.wait_for(30)
        begun = time.time()
        time.sleep(STEADY_SECONDS)
        steady = (begun, time.time())
        for number in range(count):
            begun = time.time()
            ours.release("beacon", f"v{number}-{time.time_ns()}").succeeded()
            spans.append((begun, time.time()))
        load.wait_for(30)
    report = load.report
    switches = moments(report)
    before = report.between(*steady).percentile(0.99)
    cutovers = [report.between(at - 1, at + 1).percentile(0.99) for at in switches]
    during = statistics.median(cutovers)
    if not bench.short:
        plot(report, switches, before)
    text = (
        f"{count} releases of beacon (two web containers, another setting each time) in {spans[-1][1] - spans[0][0]:.0f} s under "
        f"{load.users} connections: pages without a pause, {sum(a.kind == 'slow' for a in report.answers)} requests of 3 s, "
        f"{sum(a.kind == 'upload' for a in report.answers)} uploads of 3 s.\n\n"
        f"{report.summary()}. p99 of a page: {before:.1f} ms before the first release, {during:.1f} ms in the two seconds "
        f"around a switch (median of the releases; the worst {max(cutovers):.1f} ms).\n\n"
        "![p99 around the switch](releases-under-load.svg)"
    )
    goals = [Goal("failed requests", len(report.failed), 0, ""), Goal("p99 around a switch", during / before, 2)]
    return Result(text, goals)


def moments(report: Report) -> list[float]:
    """When each version first answered: the switches, without the version that was there at the beginning."""
    first: dict[str, float] = {}
    for answer in report.answers:
        if answer.kind == "page" and not answer.error:
            first.setdefault(answer.version, answer.at)
    return sorted(first.values())[1:]


def plot(report: Report, switches: list[float], steady: float) -> None:
    """The median over all releases of the p99 in each slice of time around the switch."""
    slices = [round(-BEFORE + SLICE * number, 1) for number in range(int((BEFORE + AFTER) / SLICE))]
    values = []
    for offset in slices:
        found = [report.between(at + offset, at + offset + SLICE).percentile(0.99) for at in switches]
        values.append(round(statistics.median(value for value in found if not math.isnan(value)), 1))
    chart = pygal.Line(
        style=CleanStyle, js=[], height=320, x_title="seconds after the switch", y_title="p99 of a page, ms"
    )
    chart.title = f"{len(switches)} releases under load, {len(report.failed)} failed requests"
    chart.x_labels = [str(offset) for offset in slices]
    chart.add("around a switch", values)
    chart.add("no release", [round(steady, 1)] * len(slices), show_dots=False)
    PLOT.write_bytes(chart.render())
