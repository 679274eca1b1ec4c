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


# As ansible-playbook does: a process that forks workers. It is killed if asked to, before its worker knows the token.
RUN = """
import multiprocessing, os, signal, sys, time
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_token

def work(killed):
    if killed:
        parent = os.getppid()
        os.kill(parent, signal.SIGKILL)
        while os.getppid() == parent:
            time.sleep(0.01)
    print(run_token(), flush=True)

context = multiprocessing.get_context("fork")
for _ in range(2):
    worker = context.Process(target=work, args=("killed" in sys.argv,))
    worker.start()
    worker.join()
print(os.getpid())
"""


def tokens(*arguments: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "collections")}
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout.split()


def test_a_token_names_the_process_above_its_workers() -> None:
    first, second, process = tokens()
    assert first == second and first.split("/")[1] == process


def test_a_worker_that_outlives_its_run_does_not_name_another() -> None:
    """Its parent is then the system's first process, which never ends: nobody could take over the lock."""
    (token,) = tokens("killed")
    assert token.split("/")[1] != "1" and is_gone(token)


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
