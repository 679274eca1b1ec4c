"""A copy of microblog's code in a git repository of its own: what its developers commit is what gets built."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.playbook import ROOT

LEFT_OUT = shutil.ignore_patterns(".venv", "__pycache__", ".pytest_cache", "*.mo", "*.db")
IDENTITY = ("-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Source:
    """`first` is the short name of its first commit."""

    folder: Path
    first: str

    @classmethod
    def of_microblog(cls, parent: Path) -> Source:
        folder = parent / "microblog"
        shutil.copytree(ROOT / "examples/microblog", folder, ignore=LEFT_OUT)
        _git(folder, "init", "--quiet")
        return cls(folder, _commit(folder, "first edition"))

    @property
    def head(self) -> str:
        """The short name of the last commit."""
        return _git(self.folder, "rev-parse", "--short", "HEAD")

    def commit(self, message: str) -> str:
        return _commit(self.folder, message)


def _commit(folder: Path, message: str) -> str:
    _git(folder, "add", "--all")
    _git(folder, *IDENTITY, "commit", "--quiet", "--message", message)
    return _git(folder, "rev-parse", "--short", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()
