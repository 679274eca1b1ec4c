"""Runs commands, one in the foreground or a few beside each other with their lines marked, and ends them cleanly."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 60
POLL_SECONDS = 0.1


class Terminated(KeyboardInterrupt):
    """SIGTERM has reached this run, and it alone; Ctrl-C reaches its commands as well."""


def terminate(_signal: int, _frame: object) -> None:
    raise Terminated


@dataclass
class Command:
    """What to run, where and how; `code` is its exit code and `seconds` its time once it has ended."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    code: int = -1
    seconds: float = 0.0


@dataclass
class _Running:
    command: Command
    process: subprocess.Popen[str]
    reader: threading.Thread | None
    begun: float = field(default_factory=time.monotonic)

    def end(self) -> None:
        self.command.code = self.process.wait()
        self.command.seconds = time.monotonic() - self.begun
        if self.reader:
            self.reader.join()


def run_commands(commands: Sequence[Command], at_once: int = 1) -> None:
    """Runs the commands, at most `at_once` at a time, and waits for all of them; an interruption lets them clean up.

    A command that is alone has the terminal; beside others its lines begin with its name.
    """
    waiting, running = list(commands), list[_Running]()
    marked = len(commands) > 1
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_start(waiting.pop(0), marked))
            for one in list(running):
                if one.process.poll() is not None:
                    one.end()
                    running.remove(one)
                    if marked:
                        print(f"{one.command.name} | ended after {one.command.seconds:.0f} s", flush=True)
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt as interrupt:
        _stop(running, isinstance(interrupt, Terminated))
        raise


def _start(command: Command, marked: bool) -> _Running:
    process = subprocess.Popen(
        command.arguments,
        env=dict(command.environment),
        cwd=command.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if marked else None,
        stderr=subprocess.STDOUT if marked else None,
        text=True,
        errors="replace",
    )
    reader = threading.Thread(target=_print_marked, args=(command.name, process)) if marked else None
    if reader:
        reader.start()
    return _Running(command, process, reader)


def _print_marked(name: str, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(f"{name} | {line.rstrip()}\n")
        sys.stdout.flush()


def _stop(running: Sequence[_Running], alone: bool) -> None:
    """Waits for the commands to clean up after an interruption; `alone`: it has not reached them."""
    if alone:
        for one in running:
            one.process.send_signal(signal.SIGINT)
    for one in running:
        try:
            one.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            one.process.kill()
        one.end()
