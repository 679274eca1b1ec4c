"""What the project asks of its own files: their size, and words that have no place in them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.lint.checkout import ROOT, project_files, text_of

PYTHON_LINES = 400
TASK_LINES = 80
# Written in parts, so that this file may say them.
_HOSTS = (
    ("deb", "debian", "org"),
    ("security", "debian", "org"),
    ("archive", "ubuntu", "com"),
    ("security", "ubuntu", "com"),
    ("pypi", "org"),
    ("files", "pythonhosted", "org"),
    ("proxy", "golang", "org"),
    ("sum", "golang", "org"),
    ("registry", "npmjs", "org"),
    ("repo1", "maven", "org"),
    ("repo", "maven", "apache", "org"),
    ("static", "crates", "io"),
    ("index", "crates", "io"),
)
UNWANTED = {
    "a note of unfinished work": re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"),
    "the host of a package registry": re.compile("|".join(re.escape(".".join(host)) for host in _HOSTS)),
    "a path of somebody's machine": re.compile("/work" + r"/(main|shared)\b|/root/\.py" + r"env|/tmp/" + r"team\b"),
}
PYTHON = [path for path in project_files() if path.suffix == ".py"]
TASKS = [
    path
    for path in project_files()
    if path.suffix == ".yml" and path.parts[0] == "roles" and path.parts[2] in ("tasks", "handlers")
]
SHELL = [
    path for path in project_files() if text_of(path).startswith(("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash"))
]


def _longer(paths: list[Path], limit: int) -> list[str]:
    lines = {path: len(text_of(path).splitlines()) for path in paths}
    return [f"{path}: {count} lines, at most {limit}" for path, count in lines.items() if count > limit]


def test_python_files_are_short() -> None:
    assert not _longer(PYTHON, PYTHON_LINES - 1)


def test_task_files_are_short() -> None:
    assert TASKS
    assert not _longer(TASKS, TASK_LINES)


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_has(what: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in project_files()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if UNWANTED[what].search(line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)


def test_python_files_say_what_they_are_for() -> None:
    own = [path for path in PYTHON if path.parts[0] != "examples" and text_of(path).strip()]
    bare = [str(path) for path in own if not re.match(r'(#.*\n)*\s*r?"""', text_of(path))]
    assert not bare, "without a docstring: " + ", ".join(bare)


def test_shell_scripts_parse() -> None:
    assert SHELL
    wrong = []
    for path in SHELL:
        shell = "bash" if "bash" in text_of(path).splitlines()[0] else "sh"
        answer = subprocess.run([shell, "-n", str(path)], cwd=ROOT, capture_output=True, text=True, check=False)
        wrong += [answer.stderr] if answer.returncode else []
    assert not wrong, "\n".join(wrong)


def test_executable_scripts_name_their_interpreter() -> None:
    wrong = [
        str(path)
        for path in project_files()
        if (ROOT / path).stat().st_mode & 0o100 and not text_of(path).startswith("#!")
    ]
    assert not wrong, "executable without #!: " + ", ".join(wrong)
