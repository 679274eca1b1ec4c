"""Runs the checks of tests/infra against one host, in a process of their own, and reads what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).resolve().parents[2] / "tests" / "infra" / "run.py"
# How much of each failure stands in the summary; the whole of it is in the output.
TEXT_LENGTH = 600
# What a person can take in: the callback prints 20 lines of a log.
LOGS, LOG_LINES, LINE_LENGTH = 3, 20, 240


@dataclass(frozen=True)
class Verification:
    """What came of the checks. `error` says why they could not be run at all; `output` is pytest's."""

    checks: int = 0
    skipped: int = 0
    release: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    error: str = ""
    output: str = ""

    def failure_lines(self) -> list[str]:
        """A line for each failed check."""
        return [f"{failure['check']}: {one_line(failure['text'])}" for failure in self.failures]

    def log_lines(self) -> list[str]:
        """The last log lines of the first containers that failed checks are about, each below its name."""
        logs = list(dict.fromkeys(failure["log"] for failure in self.failures if failure["log"]))[:LOGS]
        lines = []
        for log in logs:
            name, *rest = log.splitlines()
            lines += [name, *(f"  {line[:LINE_LENGTH]}" for line in rest[-(LOG_LINES // len(logs) - 1) :])]
        return lines


def one_line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= TEXT_LENGTH else f"{joined[:TEXT_LENGTH]}…"


def missing_package() -> str:
    """The package that is missing on the controller, '' when all are there."""
    return next(
        (
            package
            for name, package in (("pytest", "pytest"), ("testinfra", "pytest-testinfra"))
            if find_spec(name) is None
        ),
        "",
    )


def verify(expectation: dict[str, Any], ssh_config: str, seconds: float) -> Verification:
    """Runs the checks. What they need lies in a folder that only this user can read, and is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="slipway-verify-") as name:
        folder = Path(name)
        config, wanted, results = folder / "ssh_config", folder / "expectation.json", folder / "results.json"
        _write(config, ssh_config)
        connection = {**expectation["connection"], "ssh_config": str(config)}
        _write(wanted, json.dumps({**expectation, "connection": connection}, default=str))
        output, ended = _run([sys.executable, str(RUNNER), str(wanted), str(results)], seconds)
        if not ended:
            return Verification(error=f"the checks did not end within {seconds:g} s", output=output)
        if not results.exists():
            return Verification(error=f"the checks could not be run: {one_line(output[-TEXT_LENGTH:])}", output=output)
        found = json.loads(results.read_text(encoding="utf-8"))
    if found.get("error"):
        return Verification(error=found["error"], output=output)
    return Verification(found["checks"], found["skipped"], found["release"], found["failures"], output=output)


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def _run(command: list[str], seconds: float) -> tuple[str, bool]:
    """(output, whether it ended by itself).

    The user's pytest settings are for other tests, so they do not count here.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "ANSIBLE_"))}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0], True
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], False
