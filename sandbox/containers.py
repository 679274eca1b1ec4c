"""One container as the sandbox wants it: made, filled, started, or healed after an engine that was killed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import docker

from sandbox import images, names, network, world
from sandbox.errors import SandboxError

SPECIFICATION = "slipway.sandbox.specification"


@dataclass(frozen=True)
class PlantedFile:
    """A file that is laid into a container before its first start."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Specification:
    """All that makes a container; `ports`: port inside -> port on 127.0.0.1, `volumes`: volume -> folder."""

    name: str
    image: str
    kind: str
    address: str
    aliases: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, int] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, PlantedFile] = field(default_factory=dict)
    host_configuration: Mapping[str, Any] = field(default_factory=dict)
    hostname: str | None = None

    @property
    def container(self) -> str:
        return names.container_name(self.name)

    def hash(self, image_id: str) -> str:
        """Changes with everything that only a new container can take over."""
        described = {
            "image": image_id,
            "address": self.address,
            "aliases": self.aliases,
            "command": self.command,
            "entrypoint": self.entrypoint,
            "environment": dict(self.environment),
            "ports": dict(self.ports),
            "volumes": dict(self.volumes),
            "files": {name: [hashlib.sha256(f.content).hexdigest(), f.mode] for name, f in self.files.items()},
            "host": dict(self.host_configuration),
            "hostname": self.hostname,
        }
        return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()


def inspect(client: docker.DockerClient, container: str) -> dict[str, Any] | None:
    """What the engine says about a container; None if there is none of that name."""
    try:
        return client.api.inspect_container(container)
    except docker.errors.NotFound:
        return None


def ensure(client: docker.DockerClient, wanted: Specification, keep: bool = False) -> bool:
    """Bring a container to its specification and start it; whether it was made anew.

    `keep`: a container of an older specification stays, as it holds what a user put on it.
    """
    image = client.api.inspect_image(wanted.image)
    found = inspect(client, wanted.container)
    if found is not None:
        current = found["Config"]["Labels"].get(SPECIFICATION) == wanted.hash(image["Id"])
        ours = world.is_ours(found["Config"]["Labels"])
        usable = ours and (current or keep) and not found["State"].get("Dead")
        if usable and bring_back(client, wanted, found):
            return False
        world.remove_container(client, wanted.container)
    create(client, wanted, image["Id"])
    start(client, wanted)
    return True


def bring_back(client: docker.DockerClient, wanted: Specification, found: dict[str, Any]) -> bool:
    """Have an existing container run in its place in the network; False if it is beyond that.

    An engine that was killed leaves stale endpoints behind, a network made anew has another id, and a container that
    has lost its network starts all the same, without one.
    """
    in_place = is_in_place(found, wanted, client.api.inspect_network(names.NETWORK)["Id"])
    if in_place and found["State"]["Running"]:
        return True
    if in_place:
        with contextlib.suppress(docker.errors.APIError):
            start(client, wanted)
            return True
    elif found["State"]["Running"]:
        client.api.stop(wanted.container, timeout=10)
    try:
        network.disconnect(client, wanted.container)
        client.api.connect_container_to_network(
            wanted.container,
            names.NETWORK,
            ipv4_address=wanted.address,
            ipv6_address=names.ipv6(wanted.address),
            aliases=list(wanted.aliases),
        )
        start(client, wanted)
    except docker.errors.APIError:
        return False
    return True


def is_in_place(found: dict[str, Any], wanted: Specification, network_id: str) -> bool:
    """Whether a container is a member of the network as it is now, at its address."""
    member = found["NetworkSettings"]["Networks"].get(names.NETWORK) or {}
    address = (member.get("IPAMConfig") or {}).get("IPv4Address")
    # A container that was never started has no id of a network yet.
    return address == wanted.address and member.get("NetworkID") in ("", network_id)


def create(client: docker.DockerClient, wanted: Specification, image_id: str) -> None:
    """Make a container, its volumes and its files, without starting it."""
    for volume in wanted.volumes:
        ensure_volume(client, volume)
    host_configuration = client.api.create_host_config(
        port_bindings={port: (names.LOOPBACK, published) for port, published in wanted.ports.items()},
        binds=[f"{volume}:{folder}" for volume, folder in wanted.volumes.items()],
        network_mode=names.NETWORK,
    )
    extra = dict(wanted.host_configuration)
    host_configuration["Binds"] = host_configuration.get("Binds", []) + list(extra.pop("Binds", []))
    host_configuration.update(extra)
    endpoint = client.api.create_endpoint_config(
        ipv4_address=wanted.address,
        ipv6_address=names.ipv6(wanted.address),
        aliases=list(wanted.aliases),
    )
    created = client.api.create_container(
        wanted.image,
        name=wanted.container,
        hostname=wanted.hostname,
        command=list(wanted.command) or None,
        entrypoint=list(wanted.entrypoint) or None,
        environment=dict(wanted.environment),
        ports=list(wanted.ports),
        labels=world.labels(wanted.kind, **{SPECIFICATION: wanted.hash(image_id)}),
        host_config=host_configuration,
        networking_config=client.api.create_networking_config({names.NETWORK: endpoint}),
    )
    if wanted.files:
        plant(client, created["Id"], wanted.files)


def plant(client: docker.DockerClient, container: str, files: Mapping[str, PlantedFile]) -> None:
    """Lay files into a container, running or not."""
    client.api.put_archive(container, "/", _archive(files))


def start(client: docker.DockerClient, wanted: Specification) -> None:
    """Start a container. SandboxError that names the port if another program has it."""
    try:
        client.api.start(wanted.container)
    except docker.errors.APIError as error:
        refused = port_in_use(str(error))
        if refused:
            raise SandboxError(
                f"{names.LOOPBACK}:{refused} is in use by another program, and {wanted.name} needs it: "
                f"`ss -tlnp 'sport = :{refused}'` shows which; stop it, then run `python -m sandbox up` again"
            ) from error
        if images.NO_SPACE in str(error):
            raise SandboxError(
                f"no space left to start {wanted.name}: `docker system df` shows what fills it"
            ) from error
        raise


def port_in_use(message: str) -> str:
    """The port that an engine's error says is taken; empty if the error is another."""
    if not ("address already in use" in message or "port is already allocated" in message):
        return ""
    found = re.findall(rf"{re.escape(names.LOOPBACK)}[:/](?:tcp/)?([0-9]+)", message)
    return found[-1] if found else ""


def ensure_volume(client: docker.DockerClient, name: str, kind: str = "volume") -> None:
    """Make a named volume unless it is there."""
    try:
        client.api.inspect_volume(name)
    except docker.errors.NotFound:
        client.api.create_volume(name, labels=world.labels(kind))


def run_inside(client: docker.DockerClient, container: str, *command: str) -> tuple[int, str]:
    """Run a command in a running container: exit code and output."""
    call = client.api.exec_create(container, list(command))
    output = client.api.exec_start(call["Id"]).decode(errors="replace")
    return client.api.exec_inspect(call["Id"])["ExitCode"], output


def _archive(files: Mapping[str, PlantedFile]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, file in sorted(files.items()):
            images.add(archive, name.lstrip("/"), file.content, file.mode)
    return packed.getvalue()


def memory_bytes(client: docker.DockerClient, container: str) -> int:
    """Memory of a running container in bytes, without the page cache that the kernel takes back at need."""
    stats = client.api.stats(container, stream=False, one_shot=True)["memory_stats"]
    details = stats.get("stats", {})
    return stats.get("usage", 0) - details.get("total_inactive_file", details.get("inactive_file", 0))
