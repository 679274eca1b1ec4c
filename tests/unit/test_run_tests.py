"""The runner of `make test`: it counts honestly, leaves out what cannot run, and ends with one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from scripts.run_tests import Outcome, Part, Run, closing_line, table

PASS = "def test_a(): pass\ndef test_b(): pass\n"
FAIL = "import pytest\ndef test_a(): pass\ndef test_b(): assert False\n@pytest.mark.skip\ndef test_c(): pass\n"
BROKEN = "import no_such_module\n"


def pytest_part(folder: Path, name: str, code: str, report: str = "option", needs: tuple[str, ...] = ()) -> Part:
    (folder / name).mkdir()
    (folder / name / f"test_{name}.py").write_text(code)
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={folder}",
        str(folder / name),
    )
    return Part(name, command, report, needs)


def command_part(name: str, code: int, needs: tuple[str, ...] = ()) -> Part:
    return Part(name, (sys.executable, "-c", f"import sys; print('ran {name}'); sys.exit({code})"), needs=needs)


@pytest.fixture(autouse=True)
def _without_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """They cost more than these tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(folder: Path, *parts: Part) -> dict[str, Outcome]:
    made = Run(parts, root=folder)
    made.everything()
    return {outcome.name: outcome for outcome in made.outcomes}


def counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.passed, outcome.failed, outcome.skipped


@pytest.mark.parametrize("report", ["option", "environment"])
def test_the_tests_of_a_part_are_counted(tmp_path: Path, report: str) -> None:
    outcomes = run(tmp_path, pytest_part(tmp_path, "good", PASS, report), pytest_part(tmp_path, "bad", FAIL, report))
    assert counts(outcomes["good"]) == (2, 0, 0) and outcomes["good"].good
    assert counts(outcomes["bad"]) == (1, 1, 1) and not outcomes["bad"].good
    assert "failed in bad: bad.test_bad::test_b: assert False" in table(list(outcomes.values()), 1).splitlines()
    assert outcomes["good"].seconds > 0
    assert closing_line(list(outcomes.values())) == "3 passed, 1 failed, 1 skipped"


def test_a_part_that_cannot_be_collected_has_failed(tmp_path: Path) -> None:
    assert counts(run(tmp_path, pytest_part(tmp_path, "broken", BROKEN))["broken"]) == (0, 1, 0)


def test_a_part_without_a_test_has_failed(tmp_path: Path) -> None:
    assert counts(run(tmp_path, pytest_part(tmp_path, "empty", ""))["empty"]) == (0, 1, 0)


def test_a_plain_command_counts_as_one(tmp_path: Path) -> None:
    outcomes = run(tmp_path, command_part("fine", 0), command_part("wrong", 3))
    assert counts(outcomes["fine"]) == (1, 0, 0) and counts(outcomes["wrong"]) == (0, 1, 0)


def test_what_needs_a_part_that_failed_is_left_out_and_the_rest_runs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    parts = (
        command_part("first", 1),
        command_part("second", 0, needs=("first",)),
        command_part("third", 0, needs=("second",)),
        command_part("other", 0),
    )
    outcomes = run(tmp_path, *parts)
    assert outcomes["second"].left_out == "needs first" and outcomes["third"].left_out == "needs second"
    assert closing_line(list(outcomes.values())) == "1 passed, 1 failed"
    assert "left out: needs first" in table(list(outcomes.values()), 1.0)
    printed = capfd.readouterr().out
    assert "ran first" in printed and "ran other" in printed and "ran second" not in printed


def test_the_last_line_and_the_exit_code(tmp_path: Path) -> None:
    """As CI sees them, with the parts replaced."""
    script = """
        import sys
        from scripts import run_tests
        one = run_tests.Part("one", (sys.executable, "-c", "pass"))
        two = run_tests.Part("two", (sys.executable, "-c", "raise SystemExit(4)"))
        run_tests.PARTS = (one, two) if "two" in sys.argv else (one,)
        sys.argv = ["run_tests"]
        sys.exit(run_tests.main())
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "1 passed, 0 failed")
    bad = subprocess.run([*command, "two"], capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stdout.splitlines()[-1]) == (1, "1 passed, 1 failed")


def test_parts_with_servers_of_their_own_run_beside_each_other(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each waits for what the other makes: one after the other they would not end."""
    meet = """if True:
        import pathlib, sys, time
        mine, other = map(pathlib.Path, sys.argv[1:])
        mine.touch()
        deadline = time.monotonic() + 20
        while not other.exists():
            time.sleep(0.01)
            assert time.monotonic() < deadline
        print("met")
    """
    pairs = (("left", "right"), ("right", "left"))
    parts = [Part(one, (sys.executable, "-c", meet, one, other), beside=True) for one, other in pairs]
    outcomes = run(tmp_path, command_part("before", 0), *parts, command_part("after", 0))
    assert list(outcomes) == ["before", "left", "right", "after"]
    assert closing_line(list(outcomes.values())) == "4 passed, 0 failed"
    printed = capfd.readouterr().out.splitlines()
    assert {"left | met", "right | met", "ran before", "ran after"} <= set(printed)


SLOW = """
import sys, time
try:
    print("begun", flush=True)
    # A signal just before one long sleep would be seen after it.
    for _ in range(600):
        time.sleep(0.1)
except KeyboardInterrupt:
    time.sleep(1.5)
    print("cleaned up", flush=True)
"""


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("who", ["a terminal's Ctrl-C", "SIGTERM to the runner alone"])
def test_parts_that_are_interrupted_clean_up(who: str, count: int) -> None:
    script = """
        import sys
        from scripts import run_tests
        count, slow = int(sys.argv.pop()), sys.argv.pop()
        run_tests.PARTS = [run_tests.Part("slow", (sys.executable, "-c", slow), beside=True)] * count
        sys.exit(run_tests.main())
    """
    command = [sys.executable, "-c", textwrap.dedent(script), SLOW, str(count)]
    mark = "slow | " if count > 1 else ""
    # A job in the background of a script ignores SIGINT, and hands that on; a terminal's does not.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    begun = 0
    while begun < count:
        begun += process.stdout.readline() == f"{mark}begun\n"
    if who.startswith("SIGTERM"):
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait() == 130
    assert rest.splitlines() == [*[f"{mark}cleaned up"] * count, "", "interrupted"]


def test_a_part_on_request_runs_when_it_is_named() -> None:
    script = """
        import sys
        from scripts import run_tests
        parts = (("usual", False), ("asked", True))
        run_tests.PARTS = [run_tests.Part(name, ("echo", f"ran {name}"), on_request=asked) for name, asked in parts]
        sys.exit(run_tests.main())
    """

    def ran(*names: str) -> list[str]:
        command = [sys.executable, "-c", textwrap.dedent(script), *names]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        return [line for line in lines if line.startswith("ran ")]

    assert ran() == ["ran usual"]
    assert ran("asked") == ["ran asked"]
    assert ran("usual", "asked") == ["ran usual", "ran asked"]


def test_a_part_that_nobody_knows_is_refused() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "scripts.run_tests", "units"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2 and "no such part: units; there are unit, lint" in answer.stderr
