"""What several tests of certificates do: wait for something, give a day-two command, write a user's files."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.sandbox.playbook import ROOT, environment
from tests.sandbox.project import Project

WAIT_SECONDS = 150
# Verification has tests of its own.
FAST = ("-e", "release_verify=false")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {WAIT_SECONDS} s: {what}"
        time.sleep(0.3)


def fab(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fabric", *arguments, "--inventory", str(project.inventory)]
    result = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result


def write(folder: Path, **files: bytes) -> None:
    """Writes `name_ending=…` as name.ending."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
