"""One call of the engine: the lock before all else, several phases in one call where one host is alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils import host_state, release_run
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.release_phases import Outcome


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host_state, "ROOT", tmp_path)
    original = host_state.ApplicationState.__init__
    monkeypatch.setattr(
        host_state.ApplicationState, "__init__", lambda self, name, run="": original(self, name, tmp_path, run)
    )
    return tmp_path


def arguments(phase: str, **more: Any) -> dict[str, Any]:
    lock = {"token": "mine", "owner": "bob@laptop", "purpose": "deploy", "seconds": 60, "dead": "", "wait": 0}
    health = {"network": "shop", "port": 8000, "path": "/", "host": "shop", "seconds": 5}
    return {"application": "shop", "phase": phase, "number": 7, "patience": 0, "lock": lock, "health": health, **more}


def hers(root: Path) -> DeployLock:
    lock = DeployLock(root / "shop" / "lock", "hers", 60)
    lock.take("ann@desk", "deploy of release 6")
    return lock


@pytest.mark.parametrize("phase", ["lock", "pull"])
def test_a_lock_of_somebody_else_is_a_failure_of_the_phase_lock(root: Path, phase: str) -> None:
    hers(root)
    answer = release_run.answer(arguments(phase))
    assert answer["failed"] and answer["phase"] == "lock" and "locked by ann@desk" in answer["msg"]


def test_a_run_that_may_wait_says_for_whom(root: Path) -> None:
    hers(root)
    given = arguments("pull")
    given["lock"]["wait"] = 60
    answer = release_run.answer(given)
    assert not answer["finished"] and answer["message"] == "waiting for the lock of ann@desk (deploy of release 6)"


def test_a_run_without_the_lock_takes_nothing_back(root: Path) -> None:
    hers(root)
    state = host_state.ApplicationState("shop", run="hers")
    state.write_release(7, {"number": 7, "previous": 6})
    state.set_upstream(7)
    answer = release_run.answer(arguments("revert"))
    assert not answer["changed"] and answer["message"].startswith("left alone: locked by ann@desk")
    assert state.upstream() == 7 and state.release(7)


def test_switch_with_start_is_one_call(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DeployLock(root / "shop" / "lock", "mine", 60).take("bob@laptop", "deploy")
    outcomes = iter([Outcome("waiting for web", finished=False), Outcome("1 web healthy", changed=True)])
    monkeypatch.setattr(release_run, "start", lambda *_: next(outcomes))
    state = host_state.ApplicationState("shop", run="mine")
    state.write_release(7, {"number": 7})
    first = release_run.answer(arguments("start", also=["switch"]))
    assert not first["finished"] and "ahead" not in first and state.upstream() == 0
    second = release_run.answer(arguments("start", also=["switch"]))
    assert second["message"] == "1 web healthy"
    assert second["ahead"]["switch"]["message"] == "release 7 is live" and state.upstream() == 7
    assert json.loads(json.dumps(second)) == second


def test_nothing_is_switched_after_a_start_that_failed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DeployLock(root / "shop" / "lock", "mine", 60).take("bob@laptop", "deploy")

    def fail(*_arguments: object) -> Outcome:
        raise OperationError("web-1 exited with code 3", "the log")

    monkeypatch.setattr(release_run, "start", fail)
    answer = release_run.answer(arguments("start", also=["switch"]))
    assert answer["failed"] and answer["log"] == "the log" and "ahead" not in answer
    assert host_state.ApplicationState("shop").upstream() == 0
