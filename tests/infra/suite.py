"""The pytest plugin of the checks: fixtures for them and for a user's own tests, and the report that Ansible gets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checks import Mismatch, use
from world import Subject, World

LOG_LINES = 15
# Exports the secrets of a process before its command (see module_utils/release_project.py).
WRAPPER = "/run/slipway/environment.sh"


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

    # --- fixtures ---

    @pytest.fixture(scope="session")
    def host(self) -> Any:
        """The server, as testinfra knows it: host.run("…"), host.file("…"), and all its other modules."""
        return self.world.host

    @pytest.fixture(scope="session")
    def world_of_host(self) -> World:
        return self.world

    @pytest.fixture(scope="session")
    def application(self) -> dict[str, Any]:
        """Name, release, domains, port, health path, and whether the proxy serves HTTPS, of the application on this
        host.
        """
        wanted = self.world.expectation
        proxy = wanted["proxy"] or {}
        return {
            "name": wanted["application"],
            "release": self.world.release,
            "domains": wanted["domains"],
            "port": wanted["port"],
            "health": wanted["health"],
            "host": wanted["host"],
            "tls": proxy.get("tls", "off"),
            "http_port": proxy.get("http_port", 0),
        }

    @pytest.fixture(scope="session")
    def container(self) -> Callable[..., Subject]:
        """container("web") is the first container of a process or service; container("web", 2) the second.

        Skips where it does not run.
        """

        def find(name: str, index: int = 1) -> Subject:
            matching = [
                each for each in self.world.containers if each.wanted.name == name and each.wanted.index == index
            ]
            if not matching:
                pytest.skip(f"{name} does not run on this host")
            if not matching[0].data:
                pytest.fail(f"expected a container of {name}, found none", pytrace=False)
            return matching[0]

        return find

    @pytest.fixture(scope="session")
    def exec_in(self, container: Callable[..., Subject]) -> Callable[..., Any]:
        """exec_in("worker", ["venv/bin/python", "-c", "…"]) runs a command with the process's settings and secrets.

        The result has rc, stdout and stderr.
        """

        def run(name: str, command: list[str], index: int = 1) -> Any:
            subject = container(name, index)
            mounted = any(mount["Destination"] == WRAPPER for mount in subject.data["Mounts"])
            wrapper = ["/bin/sh", WRAPPER] if mounted else []
            words = ["docker", "exec", subject.container, *wrapper, *command]
            return self.world.host.run(" ".join(["%s"] * len(words)), *words)

        return run

    # --- report ---

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
