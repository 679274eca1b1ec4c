"""The pytest plugin of the checks: what failed, in short, with the container's last log lines, for Ansible to read."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from checks import Mismatch, use
from world import Subject, World

LOG_LINES = 15


class Suite:
    """Registered as a plugin for one run against one host."""

    def __init__(self, world: World, results: Path) -> None:
        self.world = world
        self.results = results
        self.begun = time.monotonic()
        self.passed = 0
        self.skipped = 0
        self.failures: list[dict[str, str]] = []
        self.logs: dict[str, str] = {}
        use(world)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.world.releasing:
            for item in items:
                if item.get_closest_marker("verify_only"):
                    item.add_marker(pytest.mark.skip(reason="left out in a release"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if report.failed and call.excinfo is not None:
            known = call.excinfo.errisinstance(Mismatch)
            text = str(call.excinfo.value) if known else essence(report.longreprtext)
            log = self._log(item)
            report.slipway_text, report.slipway_log = text, log
            report.slipway_name = readable(item.path.name, item.name)
            if known:
                report.longrepr = text
            if log:
                report.sections.append(("last log lines", log))
        return report

    def _log(self, item: pytest.Item) -> str:
        """The last log lines of the container that the check is about."""
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        subject = next((value for value in parameters.values() if isinstance(value, Subject)), None)
        if subject is None or not subject.data:
            return ""
        if subject.id not in self.logs:
            result = self.world.host.run("docker logs --tail %s %s 2>&1", str(LOG_LINES), subject.container)
            self.logs[subject.id] = f"{subject.name}:\n{result.stdout.strip()}"
        return self.logs[subject.id]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            text = getattr(report, "slipway_text", "") or essence(report.longreprtext)
            name = getattr(report, "slipway_name", report.nodeid)
            self._fail(name, text, getattr(report, "slipway_log", ""))
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            file = str(report.fspath).rpartition("/")[2]
            self._fail(readable(file, ""), essence(report.longreprtext), "")

    def _fail(self, check: str, text: str, log: str) -> None:
        self.failures.append({"check": check, "text": text, "log": log})

    def pytest_sessionfinish(self) -> None:
        figures = {
            "checks": self.passed + len(self.failures),
            "skipped": self.skipped,
            "failures": self.failures,
            "seconds": round(time.monotonic() - self.begun, 3),
            "gathering": self.world.facts.get("seconds", 0),
            "release": self.world.release,
        }
        self.results.write_text(json.dumps(figures), encoding="utf-8")


def essence(text: str) -> str:
    """pytest's own lines on what failed (they start with an E), without the traceback above them."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return "; ".join(line for line in lines if line) or (text.strip().splitlines() or ["failed"])[-1]


def readable(file: str, name: str) -> str:
    """test_containers.py and test_is_healthy[web-1] as `containers: is healthy [web-1]`."""
    check, bracket, case = name.partition("[")
    subject = file.removeprefix("test_").removesuffix(".py")
    words = check.removeprefix("test_").replace("_", " ") or "(the whole file)"
    return f"{subject}: {words}" + (f" [{case}" if bracket else "")
