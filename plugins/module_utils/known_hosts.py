"""The inventory's known_hosts: host keys by server name and address (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

A line that Slipway writes begins with the server's name, which also is how it is found again. It is there before the
server is ordered, without an address, and its comment tells since when: a run that died in between leaves a trace.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from .files import write_atomically

# The key went to the server by its user data, which others on the server may read; the first deploy replaces it.
PLANTED = "slipway:planted"
# The key was made after that, and the provider has never seen it.
OWN = "slipway:own"
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class HostKey:
    """A line of Slipway's: the server's name, its addresses and its public host key. `since` is UTC."""

    name: str
    addresses: tuple[str, ...]
    key: str
    mark: str
    since: datetime

    @property
    def line(self) -> str:
        hosts = ",".join((self.name, *self.addresses))
        return f"{hosts} {self.key} {self.mark} {self.since.strftime(TIME)}"

    @property
    def planted(self) -> bool:
        return self.mark == PLANTED


def now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def parse_line(line: str) -> HostKey | None:
    """A line of Slipway's own; None for every other one, which stays as it is."""
    words = line.split()
    if len(words) != 5 or words[3] not in (PLANTED, OWN):
        return None
    name, *addresses = words[0].split(",")
    try:
        since = datetime.strptime(words[4], TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return HostKey(name, tuple(addresses), f"{words[1]} {words[2]}", words[3], since)


class KnownHosts:
    """The file, read anew for each change and written whole, so that a crash leaves the old or the new one.

    Several processes (Ansible's, one a host) may change it at the same time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keeps others from changing it. The lock lies elsewhere, as the file itself is replaced by each change."""
        name = hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()[:16]
        place = Path(tempfile.gettempdir()) / f"slipway-{os.getuid()}-{name}.lock"
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []

    def keys(self, name: str) -> list[HostKey]:
        """The server's keys, the oldest first; there are two of them while one is being replaced."""
        return [key for key in map(parse_line, self._lines()) if key and key.name == name]

    def names(self) -> set[str]:
        return {key.name for key in map(parse_line, self._lines()) if key}

    def plant(self, name: str, key: str) -> HostKey:
        """Writes down the key that a server is about to be ordered with, in the place of earlier ones of its name."""
        entry = HostKey(name, (), key, PLANTED, now())
        self._write([entry.line], lambda found: found.name == name)
        return entry

    def locate(self, name: str, addresses: list[str]) -> None:
        """Writes down where a server is. No other server of Slipway's can have an address that it had before."""

        def located(line: str) -> str:
            found = parse_line(line)
            if found and found.name == name:
                return replace(found, addresses=tuple(addresses)).line
            if found and set(found.addresses) & set(addresses):
                return replace(found, addresses=tuple(a for a in found.addresses if a not in addresses)).line
            return line

        with self._held():
            self._save([located(line) for line in self._lines()])

    def add(self, name: str, key: str) -> None:
        """Adds the key that is about to replace the planted one; until `keep` both are right."""
        known = self.keys(name)
        if known and all(entry.key != key for entry in known):
            self._write([HostKey(name, known[0].addresses, key, OWN, now()).line], lambda found: False)

    def keep(self, name: str, key: str) -> None:
        """Forgets every key of the server but this one."""
        self._write([], lambda found: found.name == name and found.key != key)

    def forget(self, name: str) -> bool:
        """Whether there was something to forget."""
        known = bool(self.keys(name))
        if known:
            self._write([], lambda found: found.name == name)
        return known

    def _write(self, more: list[str], drops: Callable[[HostKey], bool]) -> None:
        with self._held():
            kept = [line for line in self._lines() if not ((found := parse_line(line)) and drops(found))]
            self._save(kept + more)

    def _save(self, lines: list[str]) -> None:
        write_atomically(self.path, "".join(f"{line}\n" for line in lines), 0o644)
