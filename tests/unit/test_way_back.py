"""The way back: a rename where the disk is full, none for what has settled, and one step at a time on a host."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils import files
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.host_state import ApplicationState
from ansible_collections.slipway.vps.plugins.module_utils.release_cutover import revert, switch


@pytest.fixture
def state(tmp_path: Path) -> ApplicationState:
    state = ApplicationState("shop", root=tmp_path, run="this-run")
    state.folder.mkdir(parents=True)
    return state


def released(state: ApplicationState, number: int, previous: int) -> None:
    state.write_release(number, {"number": number, "previous": previous, "kind": "deploy"})


def test_requests_go_back_by_a_rename_alone(state: ApplicationState, monkeypatch: pytest.MonkeyPatch) -> None:
    state.set_upstream(4)
    state.set_upstream(5)
    assert state.upstream() == 5

    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_atomically", full)
    monkeypatch.setattr("ansible_collections.slipway.vps.plugins.module_utils.host_state.write_atomically", full)
    state.set_upstream(4)
    assert state.upstream() == 4


def test_the_upstream_is_never_missing_while_it_is_switched(state: ApplicationState) -> None:
    state.set_upstream(1)
    file, missing, stop = state.live_folder / "upstream", [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            try:
                if not file.read_text():
                    missing.append("empty")
            except FileNotFoundError:
                missing.append("away")

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(2, 200):
        state.set_upstream(number if number % 3 else number - 1)
    stop.set()
    reader.join()
    assert not missing


def test_a_release_that_has_settled_is_not_taken_back(state: ApplicationState) -> None:
    """Part of the fleet was away and joins later: when that fails, the hosts that have the release keep it."""
    released(state, 5, previous=4)
    switch(state, 5, 8000)
    state.write_ledger({"release": 5, "result": "live"})
    outcome = revert(state, 5, 8000, 30, "another host failed", 1)
    assert outcome.message == "release 5 was live before and stays" and not outcome.changed
    assert (state.live(), state.upstream()) == (5, 5)
    assert state.last(5, "revert") is None


def test_a_release_whose_settle_was_cut_off_is_not_taken_back(state: ApplicationState) -> None:
    """Some of the old containers may be gone by then: to send requests back to them would be an outage."""
    released(state, 5, previous=4)
    switch(state, 5, 8000)
    ApplicationState("shop", root=state.folder.parent, run="killed").begin(5, "settle")
    assert not revert(state, 5, 8000, 30, "verification failed in the run after that", 1).changed
    assert (state.live(), state.upstream()) == (5, 5)


def test_a_step_of_a_run_that_was_killed_is_waited_for(tmp_path: Path) -> None:
    lock = DeployLock(tmp_path / "lock", "mine", 60)
    other = DeployLock(tmp_path / "lock", "theirs", 60)
    with other.alone(0) as first, lock.alone(0.2) as second:
        assert (first, second) == (True, False)
    with lock.alone(0) as free:
        assert free


def test_a_step_that_dies_gives_way(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        with DeployLock(tmp_path / "lock", "theirs", 60).alone(0):
            (tmp_path / "in").touch()
            time.sleep(60)
    while not (tmp_path / "in").exists():
        time.sleep(0.01)
    lock = DeployLock(tmp_path / "lock", "mine", 60)
    with lock.alone(0) as free:
        assert not free
    os.kill(child, 9)
    os.waitpid(child, 0)
    with lock.alone(0) as free:
        assert free
