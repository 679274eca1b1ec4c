"""Logs of servers (their journals) and services (their output)."""

from __future__ import annotations

import sys

import docker

from sandbox import names, world
from sandbox.errors import SandboxError


def show(client: docker.DockerClient, name: str | None, lines: int, follow: bool) -> int:
    """Print the last lines of one container's log, or of all; the exit code."""
    known = {
        world.summary_name(found).removeprefix(names.container_name("")): found
        for found in world.summaries(client)
        if world.is_ours(found["Labels"])
    }
    if name is not None and name not in known:
        raise SandboxError(f"nothing is called {name!r} here: {', '.join(sorted(known)) or 'the sandbox is not up'}")
    for each in [name] if name else sorted(known):
        if name is None:
            print(f"==> {each} <==", flush=True)
        found = known[each]
        running_server = found["Labels"][world.KIND] == "server" and found["State"] == "running"
        if running_server:
            journal(client, found["Id"], lines, follow and name is not None)
        else:
            output(client, found["Id"], lines, follow and name is not None)
    return 0


def journal(client: docker.DockerClient, container: str, lines: int, follow: bool) -> None:
    """Print the end of a server's journal."""
    command = ["journalctl", "--no-pager", f"--lines={lines}", *(["--follow"] if follow else [])]
    call = client.api.exec_create(container, command)
    for part in client.api.exec_start(call["Id"], stream=True):
        sys.stdout.write(part.decode(errors="replace"))
        sys.stdout.flush()


def output(client: docker.DockerClient, container: str, lines: int, follow: bool) -> None:
    """Print the end of a container's output."""
    logs = client.api.logs(container, stream=True, follow=follow, tail=lines)
    for part in logs:
        sys.stdout.write(part.decode(errors="replace"))
        sys.stdout.flush()
