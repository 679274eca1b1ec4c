"""Pulls that outlive the connection and can be looked at while they go on."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from . import docker_engine as engine
from .duration import show_duration
from .problem import OperationError

# On a slow line a large image takes its time; this only ends a pull that hangs.
PULL_SECONDS = 3 * 3600
_SCRIPT = 'docker pull "$1" >"$2.log" 2>&1; echo $? >"$2.exit.new"; mv "$2.exit.new" "$2.exit"'


class Pull:
    """The pull of one image in a process of its own; its log, its exit code and its process id lie in `folder`."""

    def __init__(self, folder: Path, image: str) -> None:
        self.image = image
        self.folder = folder
        # Named after the image: what the pull of another one has left behind tells nothing about this one.
        self._name = f"pull-{hashlib.sha256(image.encode()).hexdigest()[:12]}"
        self._exit = folder / f"{self._name}.exit"
        self._process = folder / f"{self._name}.pid"

    def start(self) -> None:
        """Starts it, unless it is at work or has ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.ended or _alive(self._process):
            return
        command = ["sh", "-c", _SCRIPT, "sh", self.image, self._name]
        child = subprocess.Popen(command, cwd=self.folder, start_new_session=True, stdin=subprocess.DEVNULL)
        self._process.write_text(str(child.pid), encoding="ascii")

    @property
    def ended(self) -> bool:
        return self._exit.exists()

    def log(self) -> str:
        path = self.folder / f"{self._name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def finish(self) -> None:
        """Forgets a pull that has ended. Raises OperationError when it failed."""
        text = self.log()
        failed = self._exit.read_text(encoding="ascii").strip() != "0"
        for ending in ("log", "exit", "pid"):
            (self.folder / f"{self._name}.{ending}").unlink(missing_ok=True)
        if failed:
            raise OperationError(engine.explain(text, ["docker", "pull", self.image]), engine.tail(text, 5))


def pull_images(folder: Path, images: Sequence[str], begun: float, patience: float) -> str:
    """Pulls images, all at the same time.

    Returns how far they are after `patience` seconds, '' when all have ended well. Raises OperationError when one has
    not; the others go on.
    """
    pulls = [Pull(folder, image) for image in images]
    for pull in pulls:
        pull.start()
    end = time.monotonic() + patience
    while True:
        at_work = [pull for pull in pulls if not pull.ended]
        for pull in [pull for pull in pulls if pull not in at_work]:
            pulls.remove(pull)
            pull.finish()
        if not at_work:
            return ""
        names = ", ".join(pull.image.partition("@")[0] for pull in at_work)
        waited = time.time() - begun
        if waited > PULL_SECONDS:
            raise OperationError(
                f"the pull of {names} did not end within {show_duration(PULL_SECONDS)}", engine.tail(at_work[0].log())
            )
        if time.monotonic() >= end:
            logs = [pull.log() for pull in at_work]
            done = sum(text.count("Pull complete") + text.count("Already exists") for text in logs)
            layers = sum(text.count("Pulling fs layer") + text.count("Already exists") for text in logs)
            return f"pulling {names}: {done} of {layers or '?'} layers after {show_duration(waited)}"
        time.sleep(0.05)


def pull_image(folder: Path, image: str, begun: float, patience: float) -> str:
    """The same for one image."""
    return pull_images(folder, [image], begun, patience)


def forget_pull(folder: Path) -> None:
    """Removes what pulls that were cut off have left in a folder."""
    for path in folder.glob("pull-*"):
        path.unlink(missing_ok=True)


def _alive(file: Path) -> bool:
    """Whether the pull that the file names is still at work; a finished child that nobody waited for is not."""
    try:
        process = int(file.read_text(encoding="ascii"))
        state = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
        )
        os.kill(process, 0)
    except (OSError, ValueError, IndexError):
        return False
    return state != "Z"
