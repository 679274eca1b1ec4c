"""Which checkout made what: labels, and what to do with what another checkout left behind."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import docker

from sandbox import paths
from sandbox.errors import SandboxError

KIND = "slipway.sandbox"
IDENTITY = "slipway.sandbox.world"
CHECKOUT = "slipway.sandbox.checkout"
BUSY_SECONDS = 2
ALIVE = {"running", "restarting", "paused"}


def identity() -> str:
    """Identity of this checkout's keys and authority: made once, lost together with them."""
    if not paths.WORLD.exists():
        paths.write_private(paths.WORLD, f"{uuid.uuid4()}\n")
    return paths.WORLD.read_text().strip()


def labels(kind: str, **more: str) -> dict[str, str]:
    """Labels of a thing of `kind` (server, service, network, volume, image) that this checkout makes."""
    return {KIND: kind, IDENTITY: identity(), CHECKOUT: str(paths.CHECKOUT), **more}


def is_ours(found: dict[str, str] | None) -> bool:
    """Whether something with these labels belongs to this checkout's world."""
    return (found or {}).get(IDENTITY) == identity()


def summaries(client: docker.DockerClient) -> list[dict[str, Any]]:
    """The sandbox's containers of any checkout, as the engine lists them (dead ones included)."""
    # Containers inherit their image's labels: only what carries a world's identity was made by a sandbox.
    return client.api.containers(all=True, filters={"label": [KIND, IDENTITY]})


def summary_name(summary: dict[str, Any]) -> str:
    """Name of a listed container; a dead one may have lost it."""
    names = summary.get("Names") or [summary["Id"][:12]]
    return names[0].lstrip("/")


def strangers(found: list[dict[str, Any]], known: str, here: Path) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Split the containers of other worlds into leftovers, free to be replaced, and names in use by folder.

    A world is in use while one of its services runs and the folder that made it is still there and is another one. Its
    servers do not count: after an engine that was killed, the next one starts them by itself.
    """
    alive = {
        summary["Labels"].get(IDENTITY)
        for summary in found
        if summary["State"] in ALIVE and summary["Labels"].get(KIND) == "service"
    }
    leftovers: list[dict[str, Any]] = []
    in_use: dict[str, list[str]] = {}
    for summary in found:
        if summary["Labels"].get(IDENTITY) == known:
            continue
        folder = summary["Labels"].get(CHECKOUT, "")
        abandoned = not folder or Path(folder) == here or not Path(folder).is_dir()
        if summary["Labels"].get(IDENTITY) in alive and not abandoned:
            in_use.setdefault(folder, []).append(summary_name(summary))
        else:
            leftovers.append(summary)
    return leftovers, in_use


def take_over(client: docker.DockerClient, replace: bool) -> int:
    """Remove what other worlds left behind, so that the names are free; the number of containers removed.

    SandboxError if another checkout's sandbox is running and `replace` is false.
    """
    found = summaries(client)
    leftovers, in_use = strangers(found, identity(), paths.CHECKOUT)
    if in_use and not replace:
        folder, names = next(iter(in_use.items()))
        raise SandboxError(
            f"the sandbox of {folder} is running ({len(names)} containers). Stop it there with "
            "`python -m sandbox down`, or take its place with `python -m sandbox up --replace`"
        )
    gone = leftovers + [
        summary for summary in found if any(summary_name(summary) in names for names in in_use.values())
    ]
    for summary in gone:
        remove_container(client, summary["Id"])
    if gone:
        for volume in client.volumes.list(filters={"label": KIND}):
            attributes = volume.attrs.get("Labels") or {}
            if not is_ours(attributes) and attributes.get(KIND) != "store":
                remove_volume(client, volume.name)
    return len(gone)


def remove_container(client: docker.DockerClient, name: str) -> bool:
    """Remove a container, running or not, with its anonymous volumes; False if there was none."""
    try:
        client.api.remove_container(name, force=True, v=True)
    except docker.errors.NotFound:
        return False
    except docker.errors.APIError as error:
        if "already in progress" in str(error):
            client.api.wait(name, timeout=30, condition="removed")
        else:
            # A mount of a container that died may be let go of a moment later.
            time.sleep(BUSY_SECONDS)
            client.api.remove_container(name, force=True, v=True)
    return True


def remove_volume(client: docker.DockerClient, name: str) -> bool:
    """Remove a volume; False if there was none."""
    try:
        client.api.remove_volume(name, force=True)
    except docker.errors.NotFound:
        return False
    return True
