"""What is there, and how it is doing."""

from __future__ import annotations

from typing import Any

import docker
from rich.console import Console
from rich.table import Table

from sandbox import containers, names, world


def show(client: docker.DockerClient, console: Console) -> bool:
    """Print a table of the sandbox's containers; whether all of them run."""
    ours = [
        found
        for found in world.summaries(client)
        if world.is_ours(found["Labels"]) and found["Labels"][world.KIND] != "writer"
    ]
    if not ours:
        console.print("the sandbox of this checkout is not up: `python -m sandbox up`")
        return False
    table = Table(box=None, header_style="bold")
    for title in ("name", "state", "address", "on this machine", "memory"):
        table.add_column(title, no_wrap=True)
    for found in sorted(ours, key=lambda found: world.summary_name(found)):
        name = world.summary_name(found)
        network = found["NetworkSettings"]["Networks"].get(names.NETWORK, {})
        table.add_row(
            name.removeprefix(names.container_name("")),
            found["State"],
            network.get("IPAddress", ""),
            " ".join(published(found)),
            memory(client, found),
        )
    console.print(table)
    return all(found["State"] == "running" for found in ours)


def published(found: dict[str, Any]) -> list[str]:
    """The published ports of a container, as a person would use them."""
    schemes = {22: "ssh", 80: "http", 443: "https"}
    ports = sorted({(port["PrivatePort"], port["PublicPort"]) for port in found["Ports"] if port.get("PublicPort")})
    return [f"{schemes.get(inside, inside)}:{outside}" for inside, outside in ports]


def memory(client: docker.DockerClient, found: dict[str, Any]) -> str:
    """Memory that a container's processes hold, page cache left out; empty if the engine does not know."""
    used = containers.memory_bytes(client, found["Id"]) if found["State"] == "running" else 0
    return f"{used / 2**20:.0f} MB" if used else ""
