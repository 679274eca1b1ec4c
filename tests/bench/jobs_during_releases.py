"""Twenty releases while jobs of one to twenty seconds are enqueued all the time: each is done, and once."""

from __future__ import annotations

import time

from tests.bench.common import Bench, Goal, Result
from tests.bench.fleets import fleet
from tests.releases.jobs import Parcels, wait_for_jobs

TITLE = "Jobs during releases"
SHORT = False
ORDER = 65
# Jobs take 10.5 s on average; eight workers do 0.76 a second.
WORKERS, PER_SECOND = 8, 0.6


def measure(bench: Bench) -> Result:
    count = 3 if bench.short else 20
    ours = fleet()
    workers = {"worker": {"deploy": {"replicas": WORKERS}, "stop_grace_period": "2m"}}
    ours.add("courier", tag="v1", environment={"VERSION": "first"}, processes=workers)
    ours.deploy(*ours.fast).succeeded()
    address = ours.first.address
    begun = time.monotonic()
    with Parcels([address], shortest=1, longest=20, per_second=PER_SECOND) as parcels:
        for _ in range(count):
            ours.release("courier", f"v{time.time_ns()}").succeeded()
    seconds = time.monotonic() - begun
    found = wait_for_jobs(address, parcels.sent, 300)
    text = (
        f"{count} releases of courier ({WORKERS} RQ workers) in {seconds:.0f} s, each of which waits for the old workers' "
        f"jobs. {len(parcels.sent.jobs)} jobs of 1 to 20 s and {len(parcels.sent.rows)} rows were sent meanwhile: "
        f"{len(found.lost_jobs)} jobs lost, {len(found.twice)} begun or done twice, {len(found.lost_rows)} rows lost, "
        f"{len(parcels.sent.failed)} requests failed."
    )
    lost = len(found.lost_jobs) + len(found.twice) + len(found.lost_rows) + len(parcels.sent.failed)
    return Result(text, [Goal("jobs and rows lost, jobs done twice, failed requests", lost, 0, "")])
