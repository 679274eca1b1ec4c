"""The sandbox's name server and apt repository: one container each."""

from __future__ import annotations

import time

import docker

from sandbox import catalogue, containers, names
from sandbox.containers import PlantedFile, Specification
from sandbox.errors import SandboxError

KEYS_VOLUME = "slipway-sandbox-packages-keys"
FINGERPRINT_FILE = "/repository/fingerprint"
READY_SECONDS = 30
# The name server that Docker gives to every container on a network of its own.
DOCKER_DNS = "127.0.0.11"


def dns() -> Specification:
    """The name server: application names of the sandbox's own, everything else from Docker's."""
    return Specification(
        name="dns",
        image=catalogue.DNS,
        kind="service",
        address=names.DNS_ADDRESS,
        aliases=(names.DNS,),
        files={"/etc/dnsmasq.conf": PlantedFile(dnsmasq_configuration().encode())},
        host_configuration={"CapAdd": ["NET_ADMIN"]},
    )


def dnsmasq_configuration() -> str:
    """dnsmasq's settings, one a line."""
    lines = ["no-resolv", "no-hosts", f"server={DOCKER_DNS}", "cache-size=1000"]
    # Servers there come and go.
    lines.append(f"server=/{names.CLOUD}/{names.CLOUD_ADDRESS}")
    for name, server in sorted(names.APPLICATION_NAMES.items()):
        address = names.server(server).address
        # The last line keeps questions for other records from going out.
        lines += [f"address=/{name}/{address}", f"address=/{name}/{names.ipv6(address)}", f"local=/{name}/"]
    return "\n".join(lines) + "\n"


def packages() -> Specification:
    """The apt repository, signed with a key that stays in a volume."""
    return Specification(
        name="packages",
        image=catalogue.PACKAGES,
        kind="service",
        address=names.PACKAGES_ADDRESS,
        aliases=(names.PACKAGES,),
        volumes={KEYS_VOLUME: "/keys"},
    )


def packages_fingerprint(client: docker.DockerClient) -> str:
    """Fingerprint of the repository's signing key; waits for it. SandboxError if the repository does not come up."""
    deadline = time.monotonic() + READY_SECONDS
    container = packages().container
    while time.monotonic() < deadline:
        try:
            code, output = containers.run_inside(client, container, "cat", FINGERPRINT_FILE)
        except docker.errors.APIError:
            break
        if code == 0 and output.strip():
            return output.strip()
        time.sleep(0.2)
    raise SandboxError(f"{names.PACKAGES} did not come up: `python -m sandbox logs packages` says why")
