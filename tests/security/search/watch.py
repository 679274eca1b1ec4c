"""Watches every process of a server while something runs there: its arguments, and its environment.

The server is a container of this machine, so its processes, those in its own containers included, are seen from here
without a program on it that could get in the way.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker

from tests.sandbox.server import Server
from tests.security.search.forms import Sought

PAUSE_SECONDS = 0.01
PROC = Path("/proc")
CONTAINER = re.compile(r"[0-9a-f]{64}")


@dataclass
class Watch:
    """What was seen: {name of a value: where it stood}.

    `init` is the server's first process, by this machine's count; `server` the identifier of its container.
    """

    sought: Sought
    init: int
    server: str
    arguments: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    environments: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    seen: int = 0
    _known: set[tuple[str, bytes]] = field(default_factory=set, repr=False)
    _members: dict[str, bool] = field(default_factory=dict, repr=False)

    def look(self) -> None:
        """One look at all processes."""
        there = [folder for folder in PROC.iterdir() if folder.name.isdigit()]
        names = {folder.name for folder in there}
        self._members = {name: member for name, member in self._members.items() if name in names}
        for folder in there:
            try:
                if self._is_member(folder.name):
                    self._look_at(folder)
            except (OSError, IndexError):
                # It has ended.
                continue

    def _is_member(self, process: str) -> bool:
        """Whether a process descends from the server's first one: what has lost its parent is given to that."""
        if process not in self._members:
            parent = (PROC / process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
            self._members[process] = parent == str(self.init) or (parent not in ("0", "1") and self._is_member(parent))
        return self._members[process]

    def _look_at(self, folder: Path) -> None:
        arguments = (folder / "cmdline").read_bytes()
        key = (folder.name, arguments)
        if key in self._known or not arguments:
            return
        self._known.add(key)
        self.seen += 1
        containers = set(CONTAINER.findall((folder / "cgroup").read_text())) - {self.server}
        program = arguments.split(bytes(1))[0].decode(errors="replace")
        what = " ".join([program, *(each[:12] for each in containers)])
        for name in self.sought.names_in(arguments):
            self.arguments[name].add(what)
        for name in self.sought.names_in((folder / "environ").read_bytes()):
            self.environments[name].add(what)


@contextmanager
def watching(server: Server, sought: Sought) -> Iterator[Watch]:
    """Looks again and again until the block ends."""
    container = docker.from_env().containers.get(server.what.container)
    watch = Watch(sought, container.attrs["State"]["Pid"], container.id)
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            watch.look()
            time.sleep(PAUSE_SECONDS)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
