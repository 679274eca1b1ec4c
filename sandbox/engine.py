"""The Docker engine of the user's machine: found, or installed and started."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import docker

from sandbox import host, paths
from sandbox.errors import SandboxError
from sandbox.progress import Report

# Files that name the process which holds the engine's place; an engine that was killed leaves them behind.
ENGINE = {Path("/var/run/docker.pid"): "dockerd"}
PROCESS_FILES = {
    **ENGINE,
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}
START_SECONDS = 60
REQUEST_SECONDS = 900
CONNECTIONS = 32


def connect(report: Report, start: bool = True) -> docker.DockerClient:
    """A client of an engine that answers; where there is none it is installed and started, if `start` says so.

    SandboxError if no engine answers and none can be started.
    """
    client = answering()
    if client is not None:
        return client
    if not start:
        raise SandboxError(f"no Docker engine answers{_address()}. `python -m sandbox up` starts one")
    if os.environ.get("DOCKER_HOST") or docker_context_is_elsewhere():
        raise SandboxError(f"the Docker engine does not answer{_address()}: start it, or unset DOCKER_HOST")
    if not shutil.which("dockerd"):
        host.ensure_commands({"dockerd": "docker.io", "iptables": "iptables"}, "the sandbox's servers are containers")
        client = answering()
        if client is not None:
            return client
    with report.step("Docker engine: started"):
        start_engine()
    client = answering()
    if client is None:
        raise SandboxError("the Docker engine was started and does not answer")
    return client


def answering() -> docker.DockerClient | None:
    """A client of the engine, if it answers. SandboxError if it is there but refuses this user."""
    try:
        client = docker.from_env(timeout=REQUEST_SECONDS, max_pool_size=CONNECTIONS)
        client.ping()
    except docker.errors.DockerException as error:
        if "Permission denied" in str(error) or "PermissionError" in str(error):
            raise SandboxError(
                "this user may not use the Docker engine: `sudo usermod --append --groups docker $USER`, "
                "then log in again, or run the sandbox as root"
            ) from error
        return None
    return client


def docker_context_is_elsewhere() -> bool:
    """Whether this machine is one whose engine is an application of its own (Docker Desktop on macOS)."""
    return os.uname().sysname != "Linux"


def start_engine() -> None:
    """Start dockerd, by systemd where that runs, else by hand; wait until it answers."""
    if Path("/run/systemd/system").is_dir():
        command = host.as_root("systemctl", "start", "docker.service")
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise SandboxError(f"systemd could not start the Docker engine: {result.stderr.strip()}")
        _wait(None, None)
        return
    remove_stale_process_files()
    log = paths.LOGS / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as written:
        # In a session of its own, so that it outlives this command and its terminal.
        process = subprocess.Popen(
            host.as_root("dockerd"), stdin=subprocess.DEVNULL, stdout=written, stderr=written, start_new_session=True
        )
    _wait(process, log)


def remove_stale_process_files() -> None:
    """Remove process files whose process is gone or is another program: dockerd would refuse or wait for ever."""
    for path, program in PROCESS_FILES.items():
        if path.exists() and not _runs(path, program):
            subprocess.run(host.as_root("rm", "-f", str(path)), check=False)


def _runs(path: Path, program: str) -> bool:
    try:
        status = Path("/proc", path.read_text().strip(), "status").read_text()
    except OSError:
        return False
    described = dict(line.partition(":\t")[::2] for line in status.splitlines())
    # A zombie has ended; dockerd takes it for running all the same.
    return described.get("Name") == program and not described.get("State", "Z").startswith("Z")


def _wait(process: subprocess.Popen[bytes] | None, log: Path | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if answering() is not None:
            return
        ended = process is not None and process.poll() is not None
        # Where the package's own script was quicker, ours ends and that one goes on.
        if ended and log is not None and not any(_runs(path, program) for path, program in ENGINE.items()):
            ending = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-8:])
            raise SandboxError(
                f"dockerd ended with exit code {process.returncode}. The whole log: {log}. Its end:\n{ending}"
            )
        time.sleep(0.2)
    raise SandboxError(f"the Docker engine did not answer within {START_SECONDS} s" + (f": see {log}" if log else ""))


def _address() -> str:
    address = os.environ.get("DOCKER_HOST")
    return f" at {address}" if address else ""
