"""Who is in the sandbox's network: names, addresses and the ports published on 127.0.0.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sandbox.errors import SandboxError

NETWORK = "slipway-sandbox"
PREFIX = "172.30.0"
SUBNET = f"{PREFIX}.0/24"
GATEWAY = "172.30.0.1"
# A unique local prefix (RFC 4193): the last number is that of the IPv4 address.
SUBNET_6 = "fd5a:51:70::/64"
GATEWAY_6 = "fd5a:51:70::1"
LOOPBACK = "127.0.0.1"

DNS_ADDRESS = "172.30.0.2"
REGISTRY_ADDRESS = "172.30.0.3"
HUB_ADDRESS = "172.30.0.4"
PACKAGES_ADDRESS = "172.30.0.5"
CLOUD_ADDRESS = "172.30.0.7"
ACME_ADDRESS = "172.30.0.9"

REGISTRY = "registry.sandbox"
HUB = "hub.sandbox"
PACKAGES = "download.docker.sandbox"
DNS = "dns.sandbox"
ACME = "acme.sandbox"
CLOUD = "cloud.sandbox"

# The registries as the controller reaches them, where containers' addresses are not routed (macOS).
REGISTRY_PORT = 5443
HUB_PORT = 5444
CLOUD_PORT = 5445
# What the ACME authority tells of itself: its root.
ACME_PORT = 5447

LAST_SERVER = 15
# Number -> system, of those that are not Debian 13. Debian 12 and Ubuntu come with python3, as clouds hand them out.
SYSTEMS = {3: "debian-12", 10: "debian-12", 13: "ubuntu-24.04", 14: "ubuntu-22.04", 15: "ubuntu-26.04"}
LAST_CLOUD_SERVER = 100
# Last numbers of the addresses that a cloud reserves for its customers.
RESERVED_NUMBERS = range(200, 250)
SERVERS = (*(f"vps-{number}" for number in range(1, LAST_SERVER + 1)), "vm-1")
DEFAULT_SERVERS = SERVERS[:3]

# Names of applications, as public DNS would hold them: name (and all below it) -> server.
# Every server has names below its own, too: app.vps-2.sandbox.
APPLICATION_NAMES = {
    "microblog.sandbox": "vps-1",
    # Browsers take this name for their own machine, where the sandbox publishes vps-1's ports.
    "microblog.localhost": "vps-1",
} | {f"{name}.sandbox": name for name in SERVERS}


def container_name(name: str) -> str:
    """Name of the Docker container for a server or a service of the sandbox."""
    return f"slipway-sandbox-{name}"


def ipv6(address: str) -> str:
    """The IPv6 address of whoever has the IPv4 address `address` in the sandbox's network."""
    return SUBNET_6.replace("/64", address.rpartition(".")[2])


@dataclass(frozen=True)
class Numbered:
    """One of several containers of a kind; all that differs between them follows from its number."""

    kind: ClassVar[str]
    number: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number}"

    @property
    def container(self) -> str:
        return container_name(self.name)

    @property
    def volume(self) -> str:
        """Volume below /var/lib/docker, as overlayfs does not stack on a container's own file system."""
        return f"{self.container}-docker"


@dataclass(frozen=True)
class Server(Numbered):
    """A server that `python -m sandbox up` brings."""

    kind: ClassVar[str] = "vps"

    @property
    def place(self) -> int:
        """From which its address and its ports follow: no two servers have the same."""
        return self.number

    @property
    def address(self) -> str:
        return f"{PREFIX}.{10 + self.place}"

    @property
    def system(self) -> str:
        """Distribution and release, as `debian-13`."""
        return SYSTEMS.get(self.number, "debian-13")

    @property
    def ssh_port(self) -> int:
        return 2200 + self.place

    @property
    def http_port(self) -> int:
        return 8080 if self.place == 1 else 8080 + self.place

    @property
    def https_port(self) -> int:
        return 8442 + self.place

    @property
    def ports(self) -> dict[int, int]:
        """Port on the server -> port on 127.0.0.1."""
        return {22: self.ssh_port, 80: self.http_port, 443: self.https_port}


@dataclass(frozen=True)
class Machine(Server):
    """A server with a kernel, a disk and a boot of its own."""

    kind: ClassVar[str] = "vm"

    @property
    def place(self) -> int:
        return 20 + self.number

    @property
    def system(self) -> str:
        return "machine"

    @property
    def volume(self) -> str:
        """Volume with its disk."""
        return f"{self.container}-disk"


@dataclass(frozen=True)
class CloudServer(Numbered):
    """A server that cloud.sandbox made."""

    kind: ClassVar[str] = "cloud"

    @property
    def address(self) -> str:
        return f"{PREFIX}.{99 + self.number}"


def all_servers() -> list[Server]:
    """Every server that the sandbox knows."""
    return [server(name) for name in SERVERS]


def server(name: str) -> Server:
    """The server called `name`; SandboxError if there is none."""
    if name not in SERVERS:
        raise SandboxError(
            f"no server is called {name!r}: the sandbox knows vps-1 to vps-{LAST_SERVER}, and {SERVERS[-1]}"
        )
    kind, _, number = name.partition("-")
    return Machine(int(number)) if kind == Machine.kind else Server(int(number))
