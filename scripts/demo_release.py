"""What `make demo-release` needs: a changed copy of the sample application, and visitors who count what fails."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".sandbox"
VISITORS = 16
VISITOR = Path(__file__).with_name("demo_visitor.py")
START_SECONDS = 5
MOST_SECONDS = 900


def changed_application() -> str:
    """Copies the inventory, and the sample application with another name on its pages; returns the inventory's path."""
    name = f"Microblog of {time.strftime('%H:%M:%S')}"
    source, inventory = FOLDER / "demo-microblog", FOLDER / "demo"
    for folder in (source, inventory):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / "microblog", source, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    shutil.copytree(ROOT / "inventory" / "sandbox", inventory)
    page = source / "microblog" / "templates" / "base.html"
    page.write_text(page.read_text(encoding="utf-8").replace(">Microblog</a>", f">{name}</a>"), encoding="utf-8")
    app = inventory / "apps" / "microblog.yml"
    text = app.read_text(encoding="utf-8").replace("../../examples/microblog", str(source))
    app.write_text(text, encoding="utf-8")
    return str(inventory.relative_to(ROOT))


@dataclass
class Load:
    """What the visitors met; filled in when they have gone."""

    requests: int = 0
    failed: int = 0
    slowest: float = 0.0

    def summary(self) -> str:
        who = f"{self.requests} requests by {VISITORS} visitors"
        return f"{who}, {self.failed} failed, the slowest took {self.slowest:.0f} ms"


@contextmanager
def visitors(url: str) -> Iterator[Load]:
    """Visitors (locust) who read pages all the time, as long as the block lasts."""
    load = Load()
    with tempfile.TemporaryDirectory(prefix="slipway-demo-") as folder:
        # fmt: off
        command = [
            sys.executable, "-m", "locust", "--locustfile", str(VISITOR), "--headless", "--host", url,
            "--users", str(VISITORS), "--spawn-rate", str(VISITORS), "--run-time", f"{MOST_SECONDS}s",
            "--only-summary", "--exit-code-on-error", "0", "--csv", f"{folder}/demo",
        ]
        # fmt: on
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            time.sleep(START_SECONDS)
            yield load
            time.sleep(START_SECONDS)
        finally:
            process.terminate()  # SIGINT is ignored by what runs in the background of a shell.
            process.wait(timeout=60)
            _read(Path(folder) / "demo_stats.csv", load)


def _read(file: Path, load: Load) -> None:
    with file.open(encoding="utf-8") as lines:
        row = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    load.requests, load.failed = int(row["Request Count"]), int(row["Failure Count"])
    load.slowest = float(row["Max Response Time"])
