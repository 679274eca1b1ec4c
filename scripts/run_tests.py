"""Runs the parts of `make test` and sums up what each has found and how long it took.

    python -m scripts.run_tests              all parts but those that run on request
    python -m scripts.run_tests lint unit    these alone

Parts that need no server, and then those with servers of their own, run beside each other, two at a time. A part that
needs another one is left out where that one failed. The last line is `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from scripts.side_by_side import STOP_SECONDS, Command, run_commands, terminate

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
SANDBOX = (PYTHON, "-m", "sandbox")
ENGINE_FILE = Path("/var/run/docker.pid")
AT_ONCE = 2


@dataclass(frozen=True)
class Part:
    """A command of which exit code 0 means success. `report` is how it is told where to write its JUnit file: `option`
    (it is a pytest command), `environment` (it runs pytest itself), or not at all: then the part counts as one test.
    `beside`: it may run beside its neighbours that say so, as it has servers of its own or needs none.
    `on_request`: only when named.
    """

    name: str
    command: tuple[str, ...]
    report: str = ""
    needs: tuple[str, ...] = ()
    beside: bool = False
    on_request: bool = False


def _pytest(*arguments: str) -> tuple[str, ...]:
    return (PYTHON, "-m", "pytest", *arguments)


# On a CI machine nobody works in another checkout's sandbox: what an earlier run left there makes room.
_REPLACE = ("--replace",) if os.environ.get("CI") else ()

PARTS = (
    Part("unit", _pytest("tests/unit", "tests/applications"), "option", beside=True),
    Part("lint", _pytest("tests/lint"), "option", beside=True),
    Part("sandbox", (*SANDBOX, "up", "--cloud", *_REPLACE)),
    # The longest first.
    Part("end-to-end", _pytest("tests/sandbox"), "option", ("sandbox",), beside=True),
    Part("releases", _pytest("tests/releases"), "option", ("sandbox",), beside=True),
    Part("tls", _pytest("tests/tls"), "option", ("sandbox",), beside=True),
    Part("hardening", _pytest("tests/hardening"), "option", ("sandbox",), beside=True),
    Part("security", _pytest("tests/security"), "option", ("sandbox",), beside=True),
    Part("clouds", _pytest("tests/clouds"), "option", ("sandbox",), beside=True),
    Part("ubuntu", _pytest("tests/ubuntu"), "option", ("sandbox",), beside=True),
    # After the sandbox, whose images of MariaDB and Elasticsearch its tests run against.
    Part("sample", ("make", "--no-print-directory", "-C", "examples/microblog", "test"), "environment", beside=True),
    # A virtual machine: most of an hour where the processor does not support one.
    Part("machine", _pytest("tests/machine"), "option", ("sandbox",), on_request=True),
    Part("benchmark", (PYTHON, "-m", "tests.bench", "--short"), needs=("sandbox", "end-to-end"), on_request=True),
)


@dataclass
class Outcome:
    """What became of a part: how many of its tests passed, failed and were skipped, and the seconds that it took.

    `failures` has a line for each test that failed: its name and what it says first.
    """

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    left_out: str = ""
    failures: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.failed and not self.left_out


@dataclass
class Run:
    """One run of parts. `root` is the folder in which their commands run."""

    parts: Sequence[Part]
    root: Path = ROOT
    outcomes: list[Outcome] = field(default_factory=list)

    def everything(self) -> None:
        """Runs the parts; `outcomes` says what became of each."""
        with tempfile.TemporaryDirectory(prefix="slipway-tests-") as folder:
            for beside, parts in groupby(self.parts, lambda part: part.beside):
                for stage in [list(parts)] if beside else [[part] for part in parts]:
                    self._stage(stage, Path(folder))

    def _stage(self, parts: Sequence[Part], folder: Path) -> None:
        commands: list[tuple[Part, Path, Command]] = []
        print(f"\n━━━ {', '.join(part.name for part in parts)} ━━━", flush=True)
        for part in parts:
            bad = [outcome.name for outcome in self.outcomes if outcome.name in part.needs and not outcome.good]
            if bad:
                print(f"{part.name} is left out, since it needs {', '.join(bad)}", flush=True)
                self.outcomes.append(Outcome(part.name, left_out=f"needs {', '.join(bad)}"))
                continue
            report = folder / f"{part.name}.xml"
            commands.append((part, report, Command(part.name, *with_report(part, report), self.root)))
        run_commands([command for _, _, command in commands], AT_ONCE)
        for part, report, command in commands:
            self.outcomes.append(read_outcome(part, report, command.code, command.seconds))


@contextmanager
def sandbox_as_before() -> Iterator[None]:
    """Takes down a sandbox, and ends a Docker engine, that did not run before; KEEP=1 leaves both."""
    was_up = subprocess.run([*SANDBOX, "status"], cwd=ROOT, capture_output=True, check=False).returncode == 0
    engine = engine_process()
    try:
        yield
    finally:
        if not os.environ.get("KEEP"):
            if not was_up:
                print("\ncleaning up", flush=True)
                subprocess.run([*SANDBOX, "down"], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
            if not engine and engine_process() and not Path("/run/systemd/system").is_dir():
                stop_engine(engine_process())


def engine_process() -> int:
    """The process of a Docker engine that was started by hand on this machine, 0 when there is none."""
    try:
        process = int(ENGINE_FILE.read_text(encoding="ascii"))
        return process if Path(f"/proc/{process}/comm").read_text(encoding="ascii").strip() == "dockerd" else 0
    except (OSError, ValueError):
        return 0


def stop_engine(process: int) -> None:
    """Ends the engine and waits until it has gone."""
    with suppress(PermissionError, ProcessLookupError):
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while engine_process() == process and time.monotonic() < deadline:
            time.sleep(0.2)


def with_report(part: Part, report: Path) -> tuple[list[str], dict[str, str]]:
    """The part's command and environment, told to write its JUnit file to `report`."""
    option = f"--junitxml={report}"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if part.report == "environment":
        environment["PYTEST_ADDOPTS"] = f"{environment.get('PYTEST_ADDOPTS', '')} {option}".strip()
    return [*part.command, *([option] if part.report == "option" else [])], environment


def read_outcome(part: Part, report: Path, code: int, seconds: float) -> Outcome:
    """Counts the tests of a part. One that ended badly without a failed test (or ran none) is one failure itself."""
    outcome = Outcome(part.name, seconds=seconds)
    if part.report and report.is_file():
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
            outcome.failed += count["failures"] + count["errors"]
            outcome.skipped += count["skipped"]
            outcome.passed += count["tests"] - count["failures"] - count["errors"] - count["skipped"]
            outcome.failures += [line for case in suite.iter("testcase") for line in _failures(case)]
    elif code == 0 and not part.report:
        outcome.passed = 1
    if not outcome.failed and (code != 0 or outcome.passed + outcome.skipped == 0):
        outcome.failed = 1
    return outcome


def _failures(case: ElementTree.Element) -> list[str]:
    name = f"{case.get('classname', '')}::{case.get('name', '')}"
    failures = [*case.iter("failure"), *case.iter("error")]
    messages = [failure.get("message", "").strip().partition("\n")[0] for failure in failures]
    return [f"{name}: {message}" for message in messages]


def table(outcomes: Sequence[Outcome], seconds: float) -> str:
    """How long each part took and what it found, and which tests failed; `seconds` is the time of the whole run."""
    rows = [f"\n{'part':<12} {'passed':>7} {'failed':>7} {'skipped':>8} {'time':>9}"]
    for outcome in outcomes:
        if outcome.left_out:
            rows.append(f"{outcome.name:<12} left out: {outcome.left_out}")
        else:
            rows.append(_row(outcome.name, outcome))
    rows.append(_row("all", replace(total(outcomes), seconds=seconds)))
    rows += [f"failed in {outcome.name}: {failure}" for outcome in outcomes for failure in outcome.failures]
    return "\n".join(rows)


def _row(name: str, outcome: Outcome) -> str:
    minutes, seconds = divmod(round(outcome.seconds), 60)
    return f"{name:<12} {outcome.passed:>7} {outcome.failed:>7} {outcome.skipped:>8} {minutes:>3} m {seconds:02d} s"


def total(outcomes: Sequence[Outcome]) -> Outcome:
    """The sum of all parts. One that was left out has no tests to count: the part that it needs has failed."""
    return Outcome(
        "all",
        passed=sum(outcome.passed for outcome in outcomes),
        failed=sum(outcome.failed for outcome in outcomes),
        skipped=sum(outcome.skipped for outcome in outcomes),
    )


def closing_line(outcomes: Sequence[Outcome]) -> str:
    sums = total(outcomes)
    return f"{sums.passed} passed, {sums.failed} failed" + (f", {sums.skipped} skipped" if sums.skipped else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(part.name for part in PARTS))
    wanted = parser.parse_args().parts
    unknown = sorted(set(wanted) - {part.name for part in PARTS})
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(part.name for part in PARTS)}")
    signal.signal(signal.SIGTERM, terminate)
    # A run in the background of a shell ignores it, and so would its commands, which are ended by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run = Run([part for part in PARTS if part.name in wanted or not (wanted or part.on_request)])
    begun = time.monotonic()
    needs_sandbox = any(part.name == "sandbox" for part in run.parts)
    try:
        with sandbox_as_before() if needs_sandbox else nullcontext():
            run.everything()
    except KeyboardInterrupt:
        print("\ninterrupted")
        return 130
    print(table(run.outcomes, time.monotonic() - begun))
    print(closing_line(run.outcomes), flush=True)
    return 0 if all(outcome.good for outcome in run.outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
