"""Programs that the sandbox needs on the user's own machine, from the distribution's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading

from sandbox.errors import SandboxError

_lock = threading.RLock()
LOCK_TIMEOUT = "DPkg::Lock::Timeout=300"


def as_root(*command: str) -> list[str]:
    """The command as root may run it: through sudo where we are somebody else. SandboxError if there is no way."""
    if os.geteuid() == 0:
        return list(command)
    if not shutil.which("sudo"):
        raise SandboxError(f"`{' '.join(command)}` needs root, and there is no sudo: run it as root, then try again")
    return ["sudo", *command]


def ensure_commands(wanted: dict[str, str], purpose: str) -> None:
    """Install the packages of those commands (command -> package) that are missing; `purpose` is told to the user."""
    with _lock:
        packages = sorted({package for command, package in wanted.items() if not shutil.which(command)})
        if packages:
            install(packages, purpose)


def install(packages: list[str], purpose: str) -> None:
    """Install packages with apt-get. SandboxError, with what to do, where that cannot be."""
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise SandboxError(
            f"{names} is missing ({purpose}), and this machine has no apt-get: install it, then try again"
        )
    print(f"installing {names} with apt-get: {purpose}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = as_root("apt-get", "-o", LOCK_TIMEOUT, "install", "--yes", "--no-install-recommends", *packages)
    with _lock:
        result = _install(command, environment)
    if result.returncode != 0:
        reason = (result.stderr or result.stdout).strip().splitlines()
        last = reason[-1] if reason else "no reason given"
        raise SandboxError(f"apt-get could not install {names} ({purpose}): {last}")


def _install(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for attempt in (1, 2):
        if attempt == 2:
            # Lists that are missing or old are the usual reason.
            subprocess.run(as_root("apt-get", "update"), env=environment, capture_output=True, check=False)
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            break
    return result
