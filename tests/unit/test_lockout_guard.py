"""A change of how a server is reached: confirmed in time, or taken back by the script that systemd starts."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils import lockout_guard
from ansible_collections.slipway.vps.plugins.module_utils.lockout_guard import GuardedFile, arm, put_back, write

from tests.unit.shells import SHELLS


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the calls of systemctl and systemd-run are noted, which do nothing here."""
    programs, noted = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    noted.touch()
    for name in ("systemctl", "systemd-run", "logger"):
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{noted}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return noted


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "kept").write_text("before\n")
    (folder / "kept").chmod(0o600)
    return folder


def change(etc: Path) -> list[GuardedFile]:
    return [GuardedFile(etc / "kept", "after\n"), GuardedFile(etc / "new", "new\n"), GuardedFile(etc / "gone", None)]


def armed(tmp_path: Path, etc: Path) -> Path:
    (etc / "gone").write_text("was here\n")
    folder = tmp_path / "guard"
    arm(change(etc), 60, folder, tmp_path / "slipway-lockout-guard.service")
    write(change(etc))
    assert sorted(path.name for path in etc.iterdir()) == ["kept", "new"]
    return folder


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: Path(words[0]).name)
def test_what_nobody_confirms_is_taken_back(tmp_path: Path, etc: Path, calls: Path, shell: list[str]) -> None:
    folder = armed(tmp_path, etc)
    subprocess.run([*shell, str(folder / "restore.sh")], check=True)
    assert {path.name: path.read_text() for path in etc.iterdir()} == {"kept": "before\n", "gone": "was here\n"}
    assert (etc / "kept").stat().st_mode & 0o777 == 0o600
    assert "try-reload-or-restart ssh.service" in calls.read_text()
    assert not put_back(folder), "taken back twice"


def test_what_is_confirmed_stays(tmp_path: Path, etc: Path, calls: Path) -> None:
    folder = armed(tmp_path, etc)
    confirm = lockout_guard.CONFIRM.replace(str(lockout_guard.FOLDER), str(folder))
    subprocess.run(["sh", "-c", confirm], check=True)
    subprocess.run(["sh", str(folder / "restore.sh")], check=True)
    assert (etc / "kept").read_text() == "after\n"
    # A connection that broke after the first time comes again.
    subprocess.run(["sh", "-c", confirm], check=True)


def test_what_has_been_taken_back_is_not_confirmed(tmp_path: Path, etc: Path, calls: Path) -> None:
    folder = armed(tmp_path, etc)
    assert put_back(folder)
    confirm = lockout_guard.CONFIRM.replace(str(lockout_guard.FOLDER), str(folder))
    assert subprocess.run(["sh", "-c", confirm], check=False).returncode != 0


def test_another_run_gets_the_time_to_confirm(tmp_path: Path, etc: Path, calls: Path) -> None:
    folder = armed(tmp_path, etc)
    assert lockout_guard.take_turns(folder, patience=0.3), "nobody confirms: taken back"
    folder = armed(tmp_path, etc)
    threading.Timer(0.3, lambda: (folder / "pending").rename(folder / "confirmed")).start()
    assert not lockout_guard.take_turns(folder, patience=10)
    assert (etc / "kept").read_text() == "after\n"


def test_the_timer_runs_before_the_files_change(tmp_path: Path, etc: Path, calls: Path) -> None:
    folder = tmp_path / "guard"
    arm(change(etc), 45, folder, tmp_path / "slipway-lockout-guard.service")
    assert (etc / "kept").read_text() == "before\n"
    assert "--on-active=45" in calls.read_text() and (folder / "pending").exists()
    assert f"ExecStart=/bin/sh {folder}/restore.sh" in (tmp_path / "slipway-lockout-guard.service").read_text()


def test_a_restoration_that_was_cut_off_goes_on(tmp_path: Path, etc: Path, calls: Path) -> None:
    folder = armed(tmp_path, etc)
    (folder / "pending").rename(folder / "restoring")
    assert put_back(folder)
    assert (etc / "kept").read_text() == "before\n" and (folder / "restored").exists()


def test_a_run_that_was_cut_off_is_taken_back_by_the_next(tmp_path: Path, etc: Path, calls: Path) -> None:
    folder = armed(tmp_path, etc)
    arm([GuardedFile(etc / "kept", "third\n")], 60, folder, tmp_path / "slipway-lockout-guard.service")
    assert (etc / "kept").read_text() == "before\n"


def test_only_what_differs_is_shown(etc: Path) -> None:
    files = [GuardedFile(etc / "kept", "before\n"), GuardedFile(etc / "new", "new\n"), GuardedFile(etc / "gone", None)]
    shown = lockout_guard.differences(files)
    assert [entry["before_header"] for entry in shown] == [str(etc / "new")]
