"""The run of the checks as Ansible sees it: outcome, errors, what is left behind."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.plugin_utils import verification
from suite import essence, readable

EXPECTATION = {"connection": {"name": "vps-1", "sudo": False}, "application": "shop"}


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """Replaces the checks by a script."""

    def write(body: str) -> None:
        script = tmp_path / "runner.py"
        start = "import json, os, pathlib, sys, time\nexpectation, results = map(pathlib.Path, sys.argv[1:])\n"
        script.write_text(start + body, encoding="utf-8")
        monkeypatch.setattr(verification, "RUNNER", script)

    return write


def test_figures_and_failures_are_handed_on(runner):
    failure = {
        "check": "containers: is healthy [web-1]",
        "text": "expected healthy,\n found  starting",
        "log": "shop-r3-web-1:\nboot\nboom",
    }
    figures = {"checks": 7, "skipped": 2, "release": 3, "failures": [failure]}
    runner(f"results.write_text({json.dumps(json.dumps(figures))})\nprint('said')\nsys.exit(1)")
    found = verification.verify(EXPECTATION, "", 10)
    assert (found.checks, found.skipped, found.release, found.error) == (7, 2, 3, "")
    assert found.failure_lines() == ["containers: is healthy [web-1]: expected healthy, found starting"]
    assert found.log_lines() == ["shop-r3-web-1:", "  boot", "  boom"]
    assert found.output == "said\n"


def test_what_the_checks_get_is_the_user_s_alone_and_removed(runner):
    runner(
        "given = json.loads(expectation.read_text())\n"
        "config = pathlib.Path(given['connection']['ssh_config'])\n"
        "modes = [oct(path.stat().st_mode)[-3:] for path in (expectation, expectation.parent, config)]\n"
        "results.write_text(json.dumps({'error': ' '.join([*modes, str(expectation.parent)])}))\n"
    )
    *modes, folder = verification.verify(EXPECTATION, "Host vps-1\n", 10).error.split()
    assert modes == ["600", "700", "600"]
    assert not Path(folder).exists()


def test_checks_that_do_not_end_are_ended_with_all_their_processes(runner, tmp_path):
    note = tmp_path / "pid"
    runner(f"child = os.fork()\nif child: pathlib.Path({str(note)!r}).write_text(str(child))\ntime.sleep(60)")
    found = verification.verify(EXPECTATION, "", 1)
    assert found.error == "the checks did not end within 1 s"
    state = Path(f"/proc/{note.read_text()}/stat")
    deadline = time.monotonic() + 5
    # The kernel ends a process that was killed when it next gets its turn.
    while lives(state) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not lives(state)


def lives(state: Path) -> bool:
    try:
        return state.read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_crash_of_the_checks_is_an_error_with_its_last_words(runner):
    runner("raise SystemExit('no such module')")
    assert verification.verify(EXPECTATION, "", 10).error == "the checks could not be run: no such module"


def test_settings_of_the_user_s_own_pytest_do_not_reach_the_checks(runner, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    runner("results.write_text(json.dumps({'error': os.environ.get('PYTEST_ADDOPTS', 'none')}))")
    assert verification.verify(EXPECTATION, "", 10).error == "none"
    assert os.environ["PYTEST_ADDOPTS"] == "--collect-only"


@pytest.mark.parametrize(
    ("file", "name", "text"),
    [
        ("test_containers.py", "test_is_healthy[web-1]", "containers: is healthy [web-1]"),
        ("test_secrets.py", "test_path_is_for_root_alone[/a/b::c]", "secrets: path is for root alone [/a/b::c]"),
        ("test_shop.py", "", "shop: (the whole file)"),
    ],
)
def test_names_of_checks_are_words(file, name, text):
    assert readable(file, name) == text


def test_the_essence_of_a_traceback_is_pytest_s_own_lines():
    assert (
        essence("x.py:3: in test\n    assert a == b\nE   assert 1 == 2\nE    +  where 1 = f()\n")
        == "assert 1 == 2; +  where 1 = f()"
    )


def test_the_logs_of_several_containers_share_the_lines():
    failures = [
        {"check": "c", "text": "t", "log": f"web-{n}:\n" + "\n".join(f"{n}.{i}" for i in range(15))} for n in range(5)
    ]
    lines = verification.Verification(failures=[*failures, failures[0]]).log_lines()
    assert [line for line in lines if not line.startswith(" ")] == ["web-0:", "web-1:", "web-2:"]
    assert len(lines) <= verification.LOG_LINES
    assert "  0.14" in lines
