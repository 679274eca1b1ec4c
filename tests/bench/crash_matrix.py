"""Every crash in every phase, on one of three hosts: the table of docs/reliability.md."""

from __future__ import annotations

from tests.bench.common import Bench, Goal, Result
from tests.bench.fleets import fleet, markdown, write_table
from tests.releases.conftest import SERVERS
from tests.releases.crashes import COMMANDS, PHASES, Cell, carry_out, prepare

TITLE = "Crashes in the middle of a release"
SHORT = False
ORDER = 80

HEADING = (
    "crash", "phase", "host", "failed elsewhere", "failed there", "longest pause there",
    "rows lost", "jobs lost", "next run", "left behind",
)  # fmt: skip
PLACES = ("first", "second", "third")


def cells() -> list[Cell]:
    """Each crash in each phase; the host that it meets is the first, the second and the third in turn."""
    found = []
    for what in COMMANDS:
        for number, phase in enumerate(PHASES):
            found.append(Cell(what, phase, 0 if what == "controller killed" else number % 3))
    return found


def measure(bench: Bench) -> Result:
    ours = fleet(SERVERS[:3], SERVERS[3:4])
    prepare(ours)
    rows, results = [], []
    for cell in cells()[:: 7 if bench.short else 1]:
        result = carry_out(ours, cell)
        results.append(result)
        place = "-" if cell.what == "controller killed" else PLACES[cell.victim]
        itself = "-" if place == "-" else f"{result.itself} of {result.requests // 3}"
        rows.append(
            (
                cell.what, cell.phase, place, result.others, itself, "-" if place == "-" else f"{result.away:.1f} s",
                f"{result.lost_rows} of {result.rows}", f"{result.lost_jobs} of {result.jobs}",
                "converges" if result.next.code == 0 else "FAILS", "; ".join(result.left) or "nothing",
            )
        )  # fmt: skip
        print("   " + " | ".join(map(str, rows[-1])), flush=True)
    if not bench.short:
        write_table("crash_matrix", markdown(HEADING, rows))
    bad = sum(not result.good for result in results)
    text = (
        f"{len(results)} crashes, each during a release under load on three hosts; "
        f"{sum(result.requests for result in results)} requests, {sum(result.others for result in results)} failed on "
        f"hosts that were not hit, {sum(result.lost_rows for result in results)} rows and "
        f"{sum(result.lost_jobs for result in results)} jobs lost. The whole table is in [reliability.md](reliability.md)."
    )
    return Result(text, [Goal("crashes that did not end well", bad, 0, "")])
