"""What is read from systemd, the kernel and the journal of Docker's daemon; and files that are written together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.docker_service import (
    Daemon,
    ServiceState,
    explain,
    parse_state,
    start_time,
)

ROOT = Path(__file__).parents[3]


def test_state_of_a_running_service() -> None:
    text = "MainPID=42\nActiveState=active\nUnitFileState=enabled\n"
    assert parse_state(text) == ServiceState(active=True, enabled=True, process=42)


def test_state_of_no_service() -> None:
    text = "MainPID=0\nActiveState=inactive\nUnitFileState=\n"
    assert parse_state(text) == ServiceState(active=False, enabled=False, process=0)


def test_start_of_a_process() -> None:
    with subprocess.Popen(["sleep", "30"]) as process:
        assert start_time(process.pid) == pytest.approx(time.time(), abs=10)
        process.kill()
    assert start_time(0) == 0.0


def test_a_file_younger_than_the_daemon_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "daemon.json"
    daemon = Daemon(path)
    state = ServiceState(active=True, enabled=True, process=os.getpid())
    assert not daemon.is_stale(state)
    path.write_text("{}\n", encoding="utf-8")
    os.utime(path, (start_time(os.getpid()) - 60,) * 2)
    assert not daemon.is_stale(state)
    os.utime(path, (start_time(os.getpid()) + 60,) * 2)
    assert daemon.is_stale(state)
    assert not daemon.is_stale(ServiceState(active=False, enabled=True, process=0))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("failed to start daemon: invalid CIDR address: 999.1.1.1/24", "invalid CIDR address: 999.1.1.1/24"),
        (
            "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character",
            "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character",
        ),
        ('time="2026-01-01T00:00:00Z" level=fatal msg="no such device" module=x', "no such device"),
        ("docker.service: Start request repeated too quickly.", "its journal does not say why"),
    ],
)
def test_the_reason_of_a_daemon_that_does_not_start(line: str, reason: str) -> None:
    assert explain(f"Starting docker.service\n{line}\ndocker.service: Failed with result 'exit-code'.\n") == reason


def test_a_daemon_whose_volume_is_away() -> None:
    journal = (
        'level=error msg="could not add route" error="network is down"\nStopped docker.service.\n'
        "Dependency failed for docker.service - Docker Application Container Engine.\n"
        "docker.service: Job docker.service/start failed with result 'dependency'.\n"
    )
    assert explain(journal).startswith("what it requires did not start, the mount of a volume perhaps")


def write_files(tmp_path: Path, check: bool, *files: dict[str, Any]) -> dict[str, Any]:
    """Runs the module configuration_files as Ansible's own test runner does, in a process of its own."""
    script = (
        "import ansible_collections as a, sys\n"
        f"a.__path__.append({str(ROOT / 'collections/ansible_collections')!r})\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        "from ansible_collections.slipway.vps.plugins.modules.configuration_files import main\n"
        "import json\n"
        "with patch_module_args(json.load(sys.stdin)):\n"
        "    main()\n"
    )
    arguments = json.dumps({"files": files, "_ansible_check_mode": check, "_ansible_remote_tmp": str(tmp_path)})
    result = subprocess.run(
        [sys.executable, "-c", script], input=arguments, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    return json.loads(result.stdout)


def test_files_are_written_once(tmp_path: Path) -> None:
    file = {"path": str(tmp_path / "new/folder/a.conf"), "content": "one", "mode": "0640"}
    assert write_files(tmp_path, True, file)["changed"] is True
    assert not (tmp_path / "new").exists()
    assert write_files(tmp_path, False, file)["paths"] == [file["path"]]
    written = Path(file["path"])
    assert written.read_text(encoding="utf-8") == "one\n"
    assert written.stat().st_mode & 0o777 == 0o640
    assert write_files(tmp_path, False, file)["changed"] is False


def test_a_file_that_would_not_be_valid_keeps_all_from_being_written(tmp_path: Path) -> None:
    good = {"path": str(tmp_path / "good.conf"), "content": "fine"}
    bad = {"path": str(tmp_path / "bad.conf"), "content": "broken", "validate": "grep -q fine %s"}
    result = write_files(tmp_path, False, good, bad)
    assert result["failed"] is True
    assert f"{bad['path']} would not be valid" in result["msg"]
    assert not Path(good["path"]).exists()
    assert write_files(tmp_path, False, {**bad, "content": "fine"})["changed"] is True
