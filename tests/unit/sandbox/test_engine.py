"""The engine, where there is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import docker
import pytest

from sandbox import engine, host
from sandbox.errors import SandboxError
from sandbox.progress import Report


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine answers."""

    def refuse(**_: Any) -> None:
        raise docker.errors.DockerException("Connection refused")

    monkeypatch.setattr(docker, "from_env", refuse)


@pytest.mark.usefixtures("silent")
def test_an_engine_that_is_away_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with pytest.raises(SandboxError, match="no Docker engine answers"):
        engine.connect(Report(), start=False)


@pytest.mark.usefixtures("silent")
def test_an_engine_elsewhere_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://build.example:2376")
    with pytest.raises(SandboxError, match=r"tcp://build\.example:2376"):
        engine.connect(Report())


def test_a_user_without_the_right_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise docker.errors.DockerException("Error while fetching server API version: PermissionError(13, 'denied')")

    monkeypatch.setattr(docker, "from_env", refuse)
    with pytest.raises(SandboxError, match="usermod"):
        engine.answering()


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="processes are looked up in /proc")
def test_process_files_are_stale_unless_their_process_is_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "as_root", lambda *command: list(command))
    own_name = Path("/proc/self/comm").read_text().strip()
    alive, other, gone = tmp_path / "alive", tmp_path / "other", tmp_path / "gone"
    alive.write_text(str(os.getpid()))
    other.write_text(str(os.getpid()))
    gone.write_text("4194305")
    monkeypatch.setattr(engine, "PROCESS_FILES", {alive: own_name, other: "containerd", gone: own_name})
    engine.remove_stale_process_files()
    assert [path.exists() for path in (alive, other, gone)] == [True, False, False]


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="processes are looked up in /proc")
def test_a_zombie_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "as_root", lambda *command: list(command))
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        recorded = tmp_path / "engine.pid"
        recorded.write_text(str(process.pid))
        assert Path(f"/proc/{process.pid}/comm").read_text().strip() == "true"
        monkeypatch.setattr(engine, "PROCESS_FILES", {recorded: "true"})
        engine.remove_stale_process_files()
        assert not recorded.exists()


def test_a_missing_package_without_apt_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.shutil, "which", lambda _: None)
    with pytest.raises(SandboxError, match=r"mmdebstrap is missing \(makes bases\)"):
        host.ensure_commands({"mmdebstrap": "mmdebstrap"}, "makes bases")


def test_root_is_needed_and_there_is_no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(host.shutil, "which", lambda _: None)
    with pytest.raises(SandboxError, match="`apt-get update` needs root"):
        host.as_root("apt-get", "update")
