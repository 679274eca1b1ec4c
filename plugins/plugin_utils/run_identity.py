"""Who runs this playbook: a token that names the run, and whether another run of the same machine is gone."""

from __future__ import annotations

import getpass
import hashlib
import multiprocessing
import os
import socket
from pathlib import Path


def machine_identity() -> str:
    """Names this machine since its boot, and this process namespace.

    '' where the system does not tell: then no run is called gone.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:16]


def _start_time(process: int) -> str:
    """When a process started, in the kernel's ticks (proc(5), stat, field 22); '' for none and for a zombie."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def run_token() -> str:
    """The token of this ansible-playbook run; called in one of its workers.

    A worker that outlives its run still names it: what is its parent then is another process.
    """
    run = multiprocessing.parent_process()
    process = (run.pid if run else None) or os.getpid()
    return f"{machine_identity() or socket.gethostname()}/{process}/{_start_time(process)}"


def run_owner() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def is_gone(token: str) -> bool:
    """Whether the run that a token names was one of this machine and has ended."""
    machine, _, rest = token.partition("/")
    process, _, started = rest.partition("/")
    if not machine or machine != machine_identity() or not process.isdigit():
        return False
    # Without a time of its start it had ended before its own worker could ask for that.
    return not started or _start_time(int(process)) != started
