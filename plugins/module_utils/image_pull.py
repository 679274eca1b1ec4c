"""A pull that outlives the connection and can be looked at while it goes on."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from pathlib import Path

from . import docker_engine as engine
from .duration import show_duration
from .problem import OperationError

# On a slow line a large image takes its time; this only ends a pull that hangs.
PULL_SECONDS = 3 * 3600
_SCRIPT = 'docker pull "$1" >"$2.log" 2>&1; echo $? >"$2.exit.new"; mv "$2.exit.new" "$2.exit"'


def pull_image(folder: Path, image: str, begun: float, patience: float) -> str:
    """Pulls an image in a process of its own, whose log lies in `folder`.

    Returns how far it is after `patience` seconds, '' when it has ended well. Raises OperationError when it has not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Several images may be pulled in a folder: what has become of one says nothing of the next.
    name = f"pull-{hashlib.sha256(image.encode()).hexdigest()[:12]}"
    log, code, process = (folder / f"{name}.{ending}" for ending in ("log", "exit", "pid"))
    if not code.exists() and not _alive(process):
        command = ["sh", "-c", _SCRIPT, "sh", image, name]
        child = subprocess.Popen(command, cwd=folder, start_new_session=True, stdin=subprocess.DEVNULL)
        process.write_text(f"{child.pid} {image}", encoding="utf-8")
    end = time.monotonic() + patience
    while not code.exists():
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        waited = time.time() - begun
        if waited > PULL_SECONDS:
            raise OperationError(
                f"the pull of {image} did not end within {show_duration(PULL_SECONDS)}", engine.tail(text)
            )
        if time.monotonic() >= end:
            done, layers = text.count("Pull complete"), text.count("Pulling fs layer")
            return f"pulling {image.partition('@')[0]}: {done} of {layers or '?'} layers after {show_duration(waited)}"
        time.sleep(0.05)
    text = log.read_text(encoding="utf-8", errors="replace")
    failed = code.read_text(encoding="ascii").strip() != "0"
    for path in (log, code, process):
        path.unlink(missing_ok=True)
    if failed:
        raise OperationError(engine.explain(text, ["docker", "pull", image]), engine.tail(text, 5))
    return ""


def forget_pull(folder: Path) -> None:
    """Removes what pulls have left in a folder."""
    for path in folder.glob("pull-*"):
        path.unlink(missing_ok=True)


def _alive(file: Path) -> bool:
    """Whether the pull that the file names is still at work; a finished child that nobody waited for is not."""
    try:
        process = int(file.read_text(encoding="utf-8").split()[0])
        state = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
        )
        os.kill(process, 0)
    except (OSError, ValueError, IndexError):
        return False
    return state != "Z"
