"""One deploy at a time; what a crashed one left does not stand in the way for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError

TAKE = """
import sys, time
from pathlib import Path
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
lock = DeployLock(Path(sys.argv[1]), sys.argv[2], 60)
try:
    lock.take(sys.argv[2], "deploy")
except OperationError:
    sys.exit(3)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop" / "lock"


def lock(path: Path, token: str = "mine", seconds: float = 60) -> DeployLock:
    return DeployLock(path, token, seconds)


def test_a_free_lock_is_taken_and_says_who_has_it(path: Path) -> None:
    assert lock(path).take("ann@desk", "deploy of release 4") == ""
    held = json.loads(path.read_text())
    assert (held["owner"], held["purpose"], held["token"]) == ("ann@desk", "deploy of release 4", "mine")
    assert held["expires_at"] == pytest.approx(time.time() + 60, abs=2)
    assert held["since"] < held["expires"] and held["expires"].endswith("Z")


def test_the_same_run_takes_it_again_and_keeps_its_since(path: Path) -> None:
    lock(path).take("ann@desk", "deploy")
    held = json.loads(path.read_text())
    held["since"] = "2026-01-01T00:00:00Z"
    path.write_text(json.dumps(held))
    assert lock(path).take("ann@desk", "deploy") == ""
    assert json.loads(path.read_text())["since"] == "2026-01-01T00:00:00Z"


def test_somebody_else_is_told_whose_it_is_and_what_to_do(path: Path) -> None:
    lock(path, "hers").take("ann@desk", "deploy of release 4")
    with pytest.raises(OperationError) as caught:
        lock(path).take("bob@laptop", "deploy of release 5")
    message = caught.value.message
    assert message.startswith("locked by ann@desk (deploy of release 4) since ")
    assert "-e wait_for_lock=" in message and "playbooks/unlock.yml" in message
    assert json.loads(path.read_text())["owner"] == "ann@desk"


def test_an_expired_lock_is_taken_over(path: Path) -> None:
    lock(path, "hers", seconds=0.05).take("ann@desk", "deploy")
    time.sleep(0.1)
    said = lock(path).take("bob@laptop", "deploy")
    assert said.startswith("took over the lock of ann@desk (deploy): it expired at ")


def test_the_lock_of_a_run_that_is_gone_is_taken_over(path: Path) -> None:
    lock(path, "hers").take("ann@desk", "deploy")
    said = lock(path).take("bob@laptop", "deploy", dead="hers")
    assert said == "took over the lock of ann@desk (deploy): its process is gone"


def test_no_token_of_a_dead_run_is_no_key(path: Path) -> None:
    lock(path, "").take("ann@desk", "deploy")
    with pytest.raises(OperationError):
        lock(path).take("bob@laptop", "deploy", dead="")


def test_waiting_ends_when_the_other_lets_go(path: Path) -> None:
    other = lock(path, "hers")
    other.take("ann@desk", "deploy")
    timer = threading.Timer(0.3, other.release)
    timer.start()
    begun = time.monotonic()
    assert lock(path).take("bob@laptop", "deploy", wait=10) == ""
    assert 0.2 < time.monotonic() - begun < 8
    timer.join()


def test_waiting_ends_with_its_time(path: Path) -> None:
    lock(path, "hers").take("ann@desk", "deploy")
    begun = time.monotonic()
    with pytest.raises(OperationError, match="locked by ann@desk"):
        lock(path).take("bob@laptop", "deploy", wait=0.3)
    assert 0.25 < time.monotonic() - begun < 8


def test_a_refresh_extends_and_keeps_the_rest(path: Path) -> None:
    mine = lock(path, seconds=1)
    mine.take("ann@desk", "deploy")
    before = json.loads(path.read_text())
    lock(path, seconds=100).refresh()
    after = json.loads(path.read_text())
    assert after["expires_at"] > before["expires_at"] + 50
    assert {key: after[key] for key in ("owner", "purpose", "since", "token")} == {
        key: before[key] for key in ("owner", "purpose", "since", "token")
    }


def test_a_run_that_lost_its_lock_stops(path: Path) -> None:
    mine = lock(path)
    mine.take("ann@desk", "deploy")
    path.unlink()
    with pytest.raises(OperationError, match=r"lost its lock \(somebody removed it\)"):
        mine.refresh()
    lock(path, "his").take("bob@laptop", "deploy")
    with pytest.raises(OperationError, match=r"lost its lock \(bob@laptop took it over\)"):
        mine.refresh()


def test_only_the_holder_lets_go(path: Path) -> None:
    lock(path, "hers").take("ann@desk", "deploy")
    assert lock(path).release() is False and path.exists()
    assert lock(path, "hers").release() is True and not path.exists()
    assert lock(path, "hers").release() is False


def test_of_many_processes_at_once_one_gets_it(path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "collections")}
    runs = [subprocess.Popen([sys.executable, "-c", TAKE, str(path), f"run-{n}"], env=environment) for n in range(6)]
    codes = [run.wait(timeout=30) for run in runs]
    assert sorted(codes) == [0, 3, 3, 3, 3, 3]
    assert json.loads(path.read_text())["token"] == f"run-{codes.index(0)}"


def test_a_process_that_dies_between_read_and_write_leaves_no_guard(path: Path) -> None:
    """The kernel lets go of flock(2) when its holder is killed."""
    code = TAKE + "\nwith lock._exclusive():\n    print('held', flush=True)\n    time.sleep(60)\n"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "collections")}
    command = [sys.executable, "-c", code, str(path), "hers"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        holder.kill()
    begun = time.monotonic()
    lock(path).take("bob@laptop", "deploy", dead="hers")
    assert time.monotonic() - begun < 8
