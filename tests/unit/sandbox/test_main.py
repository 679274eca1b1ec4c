"""The command line: errors are one line, never a traceback."""

from __future__ import annotations

import threading

import docker
import pytest
import requests

from sandbox import __main__, engine, lifecycle
from sandbox.errors import SandboxError
from sandbox.progress import Report


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (SandboxError("port 8080 is taken"), "sandbox: port 8080 is taken"),
        (docker.errors.APIError("no such thing"), "the Docker engine refused: no such thing"),
        (requests.ConnectionError("closed"), "the Docker engine went away: closed"),
    ],
)
def test_errors_are_one_line(
    error: Exception, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(engine, "connect", fail)
    assert __main__.main(["status"]) == 1
    printed = capsys.readouterr()
    assert shown in printed.err and "Traceback" not in printed.err
    assert len(printed.err.strip().splitlines()) == 1


def test_an_unknown_server_is_refused_before_the_engine_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "connect", lambda *_, **__: pytest.fail("the engine was asked"))
    assert __main__.main(["reset", "web-1"]) == 1
    assert "'web-1'" in capsys.readouterr().err


def test_two_commands_do_not_change_the_sandbox_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[str] = []

    def second() -> None:
        with lifecycle.locked(Report()):
            ended.append("second")

    thread = threading.Thread(target=second)
    with lifecycle.locked(Report()):
        thread.start()
        thread.join(timeout=0.2)
        ended.append("first")
    thread.join(timeout=5)
    assert ended == ["first", "second"]
    assert "waiting for it" in capsys.readouterr().out


def test_resets_of_different_servers_run_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    with lifecycle.locked(Report(), shared=True), lifecycle.locked(Report(), shared=True):
        pass
    assert capsys.readouterr().out == ""
