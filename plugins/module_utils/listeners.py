"""Who holds a port of this host, read from procfs (proc_pid_net(5)): no program of the host's is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
# The kernel's include/net/tcp_states.h: TCP_LISTEN, and TCP_CLOSE for a bound UDP socket without a peer.
LISTENING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
SOCKET = re.compile(r"socket:\[(\d+)\]")
UNIT = re.compile(r"/([^/]+\.(?:service|socket))(?:/|$)")


@dataclass(frozen=True)
class Holder:
    """A program that listens. `unit` is systemd's name for it, empty where it has none."""

    process: int
    name: str
    unit: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.process}{', ' + self.unit if self.unit else ''})"


def listening_sockets(table: str, protocol: str, port: int) -> set[str]:
    """Inodes of the sockets that listen on a port, out of the text of /proc/net/<protocol>."""
    inodes = set()
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTENING[protocol] and int(fields[1].rpartition(":")[2], 16) == port:
            inodes.add(fields[9])
    return inodes


def _processes(proc: Path) -> Iterator[tuple[Path, set[str]]]:
    """Each process with the inodes of its open sockets."""
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            descriptors = list((folder / "fd").iterdir())
        except OSError:
            # It ended meanwhile.
            continue
        matches = (SOCKET.fullmatch(_target(descriptor)) for descriptor in descriptors)
        yield folder, {match[1] for match in matches if match}


def _target(descriptor: Path) -> str:
    """What a descriptor is open on; '' when it was closed meanwhile."""
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _holder(folder: Path) -> Holder:
    try:
        name = (folder / "comm").read_text(encoding="utf-8").strip()
        match = UNIT.search((folder / "cgroup").read_text(encoding="utf-8").replace("\n", "/\n"))
    except OSError:
        name, match = "a program that has just ended", None
    return Holder(int(folder.name), name, match[1] if match else "")


def holders(protocol: str, port: int, proc: Path = PROC) -> list[Holder]:
    """Programs that listen on a port, `protocol` being tcp or udp, over IPv4 or IPv6; the first one of each name."""
    wanted: set[str] = set()
    for family in (protocol, f"{protocol}6"):
        try:
            wanted |= listening_sockets((proc / "net" / family).read_text(encoding="ascii"), family, port)
        except OSError:
            continue
    if not wanted:
        return []
    found = [_holder(folder) for folder, inodes in sorted(_processes(proc)) if inodes & wanted]
    return list({holder.name: holder for holder in reversed(found)}.values())
