"""How a release's time grows with the number of hosts."""

from __future__ import annotations

import statistics
import time

from sandbox import names
from tests.bench.common import Bench, Goal, Result
from tests.bench.fleets import fleet, markdown

TITLE = "Fleets of one to eight hosts"
SHORT = False
ORDER = 70
SIZES = (1, 2, 4, 8)


def measure(bench: Bench) -> Result:
    rows, medians = [], {}
    for size in SIZES[: 2 if bench.short else len(SIZES)]:
        servers = [server.name for server in names.all_servers()][-size:]
        ours = fleet(servers)
        ours.add("beacon", tag="v1", environment={"VERSION": "first"})
        ours.deploy(*ours.fast).succeeded()
        seconds = [ours.release("beacon", f"v{time.time_ns()}").succeeded().seconds for _ in range(5)]
        medians[size] = statistics.median(seconds)
        used = ours.first.inside("cat /sys/fs/cgroup/memory.current 2>/dev/null || free -b | awk '/Mem/ {print $3}'")
        rows.append((size, f"{medians[size]:.2f}", f"{min(seconds):.2f}", f"{max(seconds):.2f}", int(used) // 1024**2))
        print("   " + " | ".join(map(str, rows[-1])), flush=True)
    heading = ("hosts", "median s", "least s", "most s", "MB on the first host")
    text = (
        "Beacon with two web containers on each host, verification switched off. The hosts and the controller share this "
        "machine's processors, so what they do at the same time takes its time here.\n\n" + markdown(heading, rows)
    )
    growth = medians[max(medians)] / medians[1]
    return Result(text, [Goal("time of the largest fleet against one host", growth, max(medians))])
