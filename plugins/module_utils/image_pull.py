"""A pull that outlives the connection and can be looked at while it goes on."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from . import docker_engine as engine
from .duration import show_duration
from .problem import OperationError

# On a slow line a large image takes its time; this only ends a pull that hangs.
PULL_SECONDS = 3 * 3600
_SCRIPT = 'docker pull "$1" >pull.log 2>&1; echo $? >pull.exit.new; mv pull.exit.new pull.exit'


def pull_image(folder: Path, image: str, begun: float, patience: float) -> str:
    """Pulls an image in a process of its own, whose log lies in `folder`.

    Returns how far it is after `patience` seconds, '' when it has ended well. Raises OperationError when it has not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log, code, process = folder / "pull.log", folder / "pull.exit", folder / "pull.pid"
    if not code.exists() and not _alive(process):
        command = ["sh", "-c", _SCRIPT, "sh", image]
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
    forget_pull(folder)
    if failed:
        raise OperationError(engine.explain(text, ["docker", "pull", image]), engine.tail(text, 5))
    return ""


def forget_pull(folder: Path) -> None:
    for name in ("pull.log", "pull.exit", "pull.pid"):
        (folder / name).unlink(missing_ok=True)


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
