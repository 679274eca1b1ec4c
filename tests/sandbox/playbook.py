"""Runs the real ansible-playbook, as a person at a terminal would, and keeps what that person sees."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Ansible's exit codes (ansible-core, executor/task_queue_manager.py): a task failed, a host was unreachable.
FAILED, UNREACHABLE = 2, 4


@dataclass(frozen=True)
class Outcome:
    """What a run of a playbook came to; `output` holds both of its streams."""

    command: str
    code: int
    output: str
    seconds: float

    def __str__(self) -> str:
        return f"$ {self.command}\n{self.output}(exit code {self.code}, {self.seconds:.1f} s)"

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.output.splitlines() if line.strip()]

    def succeeded(self) -> Outcome:
        assert self.code == 0, f"expected exit code 0\n{self}"
        return self

    def failed(self, *expected: str, code: int = FAILED) -> Outcome:
        """Asserts that the run ended with an error that has these words in it, and that no traceback was shown."""
        assert self.code == code, f"expected exit code {code}\n{self}"
        self.says(*expected)
        # An application's own log, shown after a bar, may hold a traceback of the application's.
        own = "\n".join(line for line in self.output.splitlines() if not line.lstrip().startswith("|"))
        found = [text for text in ("Traceback", "Unexpected failure", "module_stderr") if text in own]
        assert not found, f"did not expect {found} in the output of\n{self}"
        return self

    def says(self, *expected: str) -> Outcome:
        missing = [text for text in expected if text not in self.output]
        assert not missing, f"expected {missing} in the output of\n{self}"
        return self

    def says_not(self, *unexpected: str) -> Outcome:
        found = [text for text in unexpected if text in self.output]
        assert not found, f"did not expect {found} in the output of\n{self}"
        return self

    def line_with(self, *expected: str) -> str:
        """The first line that has all of these words in it."""
        found = [line for line in self.lines if all(text in line for text in expected)]
        assert found, f"expected a line with {list(expected)} in\n{self}"
        return found[0]

    def one_line_with(self, *expected: str) -> str:
        """The only line that has all of these words in it."""
        found = [line for line in self.lines if all(text in line for text in expected)]
        assert len(found) == 1, f"expected one line with {list(expected)}, found {len(found)}, in\n{self}"
        return found[0]


def temporary_folder(prefix: str, parent: str | None = None) -> Path:
    """A new folder that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@lru_cache(maxsize=1)
def control_folder() -> Path:
    """Where this test run keeps its SSH connections; short, as a socket's path may have 107 bytes (unix(7))."""
    return temporary_folder("slipway-", "/tmp")


def environment() -> dict[str, str]:
    """The environment of a person who has activated .venv in the checkout."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(control_folder()),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        # Messages are compared line by line.
        "COLUMNS": "1000",
    }


def run_playbook(inventory: Path, name: str, *arguments: str, timeout: float = 600) -> Outcome:
    """Runs playbooks/<name>.yml against an inventory; it gets `timeout` seconds."""
    command = ["ansible-playbook", "-i", str(inventory), f"playbooks/{name}.yml", *arguments]
    begun = time.monotonic()
    try:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        shown = error.output.decode(errors="replace") if isinstance(error.output, bytes) else error.output
        raise AssertionError(f"`{' '.join(command)}` did not end within {timeout} s:\n{shown}") from None
    return Outcome(" ".join(command), result.returncode, result.stdout, time.monotonic() - begun)
