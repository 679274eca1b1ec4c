"""The machine beside the servers from which they are audited and probed: a container of the sandbox's network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.models.containers import Container

from sandbox import names, world

IMAGE = "slipway-sandbox/auditors:1"
NAME = names.container_name("probe")
ADDRESS = "172.30.0.8"


@contextmanager
def auditor() -> Iterator[Container]:
    """The machine, for as long as the block lasts. Its image is built when it is not there."""
    client = docker.from_env()
    client.images.build(path=str(Path(__file__).parent), tag=IMAGE, labels=world.labels("image"), rm=True)
    for left in client.containers.list(all=True, filters={"name": NAME}):
        left.remove(force=True)
    pools = {names.NETWORK: client.api.create_endpoint_config(ipv4_address=ADDRESS, ipv6_address=names.ipv6(ADDRESS))}
    made = client.api.create_container(
        IMAGE,
        name=NAME,
        labels=world.labels("probe"),
        host_config=client.api.create_host_config(network_mode=names.NETWORK, dns=[names.DNS_ADDRESS], init=True),
        networking_config=client.api.create_networking_config(pools),
    )
    container = client.containers.get(made["Id"])
    container.start()
    try:
        yield container
    finally:
        container.remove(force=True)


def run(container: Container, *command: str) -> str:
    """What a command prints there; AssertionError when it fails."""
    code, output = container.exec_run(list(command))
    text = output.decode(errors="replace")
    assert code == 0, f"{' '.join(command)} ended with {code}: {text[-500:]}"
    return text


def put(container: Container, source: Path, folder: str) -> None:
    """Copies a folder or file of this machine there."""
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(source, arcname=source.name, filter=lambda each: None if "__pycache__" in each.name else each)
    container.exec_run(["mkdir", "-p", folder])
    container.put_archive(folder, packed.getvalue())
