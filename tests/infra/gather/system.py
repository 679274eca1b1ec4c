"""What the server itself is like: packages, units, kernel settings, Slipway's files and their modes, processes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

ROOT = Path("/var/lib/slipway")
CREDENTIALS = Path("/root/.docker/config.json")


def _run(arguments):
    return subprocess.run(arguments, capture_output=True, text=True, errors="replace", timeout=20, check=False).stdout


def packages(names):
    """The versions of installed packages."""
    lines = _run(
        ["dpkg-query", "--show", "--showformat=${Package}\t${Version}\t${db:Status-Status}\n", *names]
    ).splitlines()
    fields = [line.split("\t") for line in lines]
    return {name: version for name, version, status in fields if status == "installed"}


def units(names):
    """ActiveState, SubState and UnitFileState of units."""
    text = _run(["systemctl", "show", "--property=Id,ActiveState,SubState,UnitFileState", *names])
    found = {}
    for block in text.strip().split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        found[values.get("Id", "")] = values
    return found


def kernel(names):
    """Values of kernel settings, by their sysctl names."""
    values = {}
    for name in names:
        path = Path("/proc/sys") / name.replace(".", "/")
        values[name] = path.read_text(encoding="ascii").strip() if path.is_file() else ""
    return values


def read_json(path):
    """The JSON in a file, None when there is none that can be read."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_text(path):
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def mode(path):
    """Mode in octal and owner's number of a path; None when it is not there."""
    try:
        found = Path(path).lstat()
    except OSError:
        return None
    return {"mode": f"{stat.S_IMODE(found.st_mode):04o}", "owner": found.st_uid}


def modes(application, release):
    """Modes of everything that has to be root's alone, by path."""
    folder = ROOT / application
    paths = [folder / "services" / "secrets", folder / "services" / "compose.yaml", CREDENTIALS]
    paths += [folder / "releases" / str(release) / name for name in ("secrets", "compose.yaml")]
    return {str(path): mode(path) for path in paths if path.exists()}


def state(application, wanted):
    """Slipway's own records: which release is live, and what it was made from. `wanted` 0: look at the live one."""
    folder = ROOT / application
    try:
        live = int((folder / "live").resolve(strict=True).name)
    except (OSError, ValueError):
        live = 0
    release = wanted or live
    rendered = read_json(folder / "releases" / str(release) / "rendered.json") or {}
    return {
        "live": live,
        "release": release,
        "record": read_json(folder / "releases" / str(release) / "release.json") or {},
        "rendered": rendered.get("compose") or {},
        "upstream": read_text(ROOT / "proxy" / "live" / application / "upstream"),
        "maintenance": (ROOT / "proxy" / "live" / application / "maintenance").exists(),
        "stamp": read_text(ROOT / "server" / "stamp"),
        "site": read_text(folder / "site.stamp"),
        "time": _time(None),
        # The engine writes this file when it starts.
        "engine_started": _time("/run/docker.pid"),
    }


def _time(file):
    """Now, or when a file was written, in UTC; '' when there is no such file."""
    about = [] if file is None else [f"--reference={file}"]
    return _run(["date", "--utc", *about, "+%Y-%m-%dT%H:%M:%SZ"]).strip()


def processes():
    """(what it is, argument list) of every process but this one and kernel threads."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and int(path.name) != os.getpid():
            try:
                raw = (path / "cmdline").read_bytes()
            except OSError:
                continue
            if raw:
                found.append(
                    (f"process {path.name} ({_program(path)})", raw.decode(errors="replace").rstrip("\0").split("\0"))
                )
    return found


def _program(process):
    """The name of the program that a process runs. Not its first argument: that may hold what is searched for."""
    try:
        return (process / "exe").readlink().name
    except OSError:
        return "ended"


def user_of(process):
    """The effective user number of a process, None when it has ended."""
    for line in read_text(f"/proc/{process}/status").splitlines():
        if line.startswith("Uid:"):
            return int(line.split()[2])
    return None


def world_readable(folder):
    """Files below a folder that every user of the server can reach and read."""
    try:
        found = folder.lstat().st_mode
        if stat.S_ISREG(found):
            if found & stat.S_IROTH:
                yield folder
        elif stat.S_ISDIR(found) and found & stat.S_IXOTH:
            # Without r a folder cannot be listed, but names below it can be guessed.
            for path in folder.iterdir():
                yield from world_readable(path)
    except OSError:
        return
