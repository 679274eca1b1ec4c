"""Starts the constant load (traffic.py) beside a test, and tells what became of each request."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START_SECONDS = 20.0
# Slow requests and uploads take three seconds; locust waits for those in flight when it is told to stop.
STOP_SECONDS = 20.0
MOST_SECONDS = 3600


@dataclass(frozen=True)
class Answer:
    """One request: when it was sent (seconds since 1970), how long it took, why it counts as failed ('': not)."""

    at: float
    milliseconds: float
    kind: str
    target: str
    version: str
    error: str = ""


@dataclass
class Report:
    """All requests of a load, in the order in which they ended."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.error]

    def at(self, target: str) -> Report:
        """The requests to one server."""
        return Report([answer for answer in self.answers if answer.target == f"http://{target}"])

    def between(self, begun: float, ended: float) -> Report:
        """The requests that were sent in a span of time."""
        return Report([answer for answer in self.answers if begun <= answer.at < ended])

    def percentile(self, share: float, kind: str = "page") -> float:
        """Milliseconds within which `share` of the requests of a kind were answered (nearest rank); nan for none."""
        times = sorted(answer.milliseconds for answer in self.answers if answer.kind == kind and not answer.error)
        return times[max(0, math.ceil(share * len(times)) - 1)] if times else math.nan

    def versions(self) -> set[str]:
        return {answer.version for answer in self.answers if answer.version}

    def summary(self) -> str:
        kinds = Counter(answer.kind for answer in self.answers)
        errors = Counter((answer.target, answer.kind, answer.error) for answer in self.failed)
        text = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        worst = "; ".join(f"{count}x {' '.join(error)}" for error, count in errors.most_common(5))
        return f"{len(self.answers)} requests ({text}), {len(self.failed)} failed" + (f": {worst}" if worst else "")

    def expect_no_failure(self) -> Report:
        assert len(self.answers) > 20, f"there was hardly any load: {self.summary()}"
        assert not self.failed, self.summary()
        return self


class Load:
    """The load, as long as a `with` block lasts; `report` is what it came to. `targets` are servers' addresses."""

    def __init__(self, folder: Path, targets: Sequence[str], host: str, pace: float = 0.1, **users: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"answers-{time.monotonic_ns()}.jsonl"
        self.log = folder / "locust.log"
        self.targets = list(targets)
        counts = {"readers": 12, "waiters": 3, "uploaders": 3} | users
        self.users = sum(counts.values())
        self.environment = {
            **os.environ,
            "TRAFFIC_FILE": str(self.file),
            "TRAFFIC_TARGETS": ",".join(targets),
            "TRAFFIC_HOST": host,
            "TRAFFIC_PACE": str(pace),
            **{f"TRAFFIC_{name.upper()}": str(count) for name, count in counts.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Load:
        # fmt: off
        command = [
            sys.executable, "-m", "locust", "--locustfile", str(HERE / "traffic.py"), "--headless", "--only-summary",
            "--users", str(self.users), "--spawn-rate", str(self.users), "--run-time", f"{MOST_SECONDS}s",
            "--stop-timeout", str(int(STOP_SECONDS)), "--exit-code-on-error", "0",
        ]
        # fmt: on
        log = self.log.open("ab")
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        log.close()
        self.wait_for(self.users)
        return self

    def wait_for(self, count: int) -> None:
        """Waits until so many more requests were answered."""
        wanted = len(self.report.answers) + count
        deadline = time.monotonic() + START_SECONDS
        while len(self.report.answers) < wanted:
            assert self.process and self.process.poll() is None, f"locust has ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"no load: {self.report.summary()} {self.log.read_text()[-2000:]}"
            time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS + 10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def report(self) -> Report:
        """What was answered until now; a line that is being written is left out."""
        if not self.file.exists():
            return Report()
        lines = self.file.read_text(encoding="utf-8").split("\n")[:-1]
        found = map(json.loads, lines)
        return Report(
            [Answer(e["at"], e["ms"], e["kind"], e["target"], e["version"], e.get("error", "")) for e in found]
        )
