"""A run's token tells, on the same machine, whether that run is still there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.plugin_utils import run_identity
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import (
    is_gone,
    machine_identity,
    run_owner,
    run_token,
)


def test_a_run_that_lives_is_not_gone() -> None:
    assert not is_gone(run_token())


def test_a_token_names_the_process_above_its_workers() -> None:
    code = "from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_token; print(run_token())"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "collections")}
    workers = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert workers[0].stdout == workers[1].stdout
    assert workers[0].stdout.split("/")[1] == str(os.getpid())


def test_a_run_that_was_killed_is_gone_also_before_its_parent_has_noticed() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    token = f"{machine_identity()}/{process.pid}/{run_identity._start_time(process.pid)}"
    assert not is_gone(token)
    process.kill()
    deadline = time.monotonic() + 5
    while not is_gone(token) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_gone(token), "a zombie counts as alive"
    process.wait()
    assert is_gone(token)


def test_a_number_that_another_process_has_got_is_not_the_run() -> None:
    assert is_gone(f"{machine_identity()}/{os.getpid()}/1")


@pytest.mark.parametrize("token", ["", "x", "another-machine/1/1", "/1/1", "another-machine//"])
def test_a_run_of_another_machine_is_never_called_gone(token: str) -> None:
    assert not is_gone(token)


def test_a_machine_that_does_not_tell_who_it_is_calls_nobody_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_identity, "machine_identity", lambda: "")
    assert not is_gone(f"/{os.getpid()}/1") and run_token().split("/")[0]


def test_the_owner_is_a_user_of_a_machine() -> None:
    user, _, machine = run_owner().partition("@")
    assert user and machine
