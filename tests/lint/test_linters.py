"""The linters that the project uses, all at the same time, since ansible-lint takes longer than the others together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
COMMANDS = {
    "ansible-lint": ["ansible-lint", "--nocolor", "-q"],
    "ruff check": ["ruff", "check", "--no-cache"],
    "ruff format": ["ruff", "format", "--check", "--diff", "--quiet", "--no-cache"],
    "yamllint": ["yamllint", "--strict", "."],
}


@pytest.fixture(scope="module")
def running() -> dict[str, subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        # Its syntax check runs without an inventory, which ansible.cfg calls a failure elsewhere.
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "false",
    }
    return {
        name: subprocess.Popen(
            [PROGRAMS / command[0], *command[1:]],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, command in COMMANDS.items()
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_linter_finds_nothing(running: dict[str, subprocess.Popen[str]], name: str) -> None:
    output = running[name].communicate(timeout=300)[0]
    assert running[name].returncode == 0, f"`{' '.join(COMMANDS[name])}` found:\n{output}"
