"""The sandbox's network: fixed addresses, one bridge."""

from __future__ import annotations

import docker
from docker.types import IPAMConfig, IPAMPool

from sandbox import names, world
from sandbox.errors import SandboxError


def ensure(client: docker.DockerClient) -> None:
    """Make the network if it is not there as this checkout wants it."""
    try:
        network = client.networks.get(names.NETWORK)
    except docker.errors.NotFound:
        create(client)
        return
    pools = network.attrs["IPAM"]["Config"] or [{}]
    subnets = {pool.get("Subnet") for pool in pools}
    if subnets == {names.SUBNET, names.SUBNET_6} and world.is_ours(network.attrs.get("Labels")):
        return
    # Only members that are stopped or another world's are left at this point.
    remove(client)
    create(client)


def create(client: docker.DockerClient) -> None:
    """Make the network; SandboxError if something else on the machine has its addresses."""
    pools = [
        IPAMPool(subnet=names.SUBNET, gateway=names.GATEWAY),
        IPAMPool(subnet=names.SUBNET_6, gateway=names.GATEWAY_6),
    ]
    try:
        client.networks.create(
            names.NETWORK,
            driver="bridge",
            ipam=IPAMConfig(pool_configs=pools),
            enable_ipv6=True,
            labels=world.labels("network"),
            check_duplicate=True,
        )
    except docker.errors.APIError as error:
        if "overlap" in str(error):
            raise SandboxError(
                f"{names.SUBNET} or {names.SUBNET_6}, the sandbox's network, overlaps with another Docker network: "
                "`docker network ls` shows it, `docker network rm` removes it"
            ) from error
        raise


def remove(client: docker.DockerClient) -> bool:
    """Remove the network and cut off whatever still hangs on it; False if there was none."""
    try:
        network = client.networks.get(names.NETWORK)
    except docker.errors.NotFound:
        return False
    for member in network.attrs.get("Containers") or {}:
        disconnect(client, member)
    network.remove()
    return True


def disconnect(client: docker.DockerClient, container: str) -> None:
    """Take a container off the network, also where an engine that was killed left a stale endpoint."""
    try:
        client.api.disconnect_container_from_network(container, names.NETWORK, force=True)
    except docker.errors.APIError as error:
        if error.status_code not in (403, 404, 500):
            raise
