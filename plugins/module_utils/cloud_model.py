"""Servers of a cloud: what the inventory wants, what is there, and what every provider can be asked to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .problem import OperationError

# The first word of every tag that Slipway gives.
TAG = "slipway"
# What a server is doing, in one word for all providers.
CREATING, RUNNING, STOPPED, FAILED = "creating", "running", "stopped", "failed"
# Why a provider did not do what it was asked.
RATE, TEMPORARY, TOKEN, RIGHTS, QUOTA, SOLD_OUT, MISSING, TAKEN, REFUSED = (
    "rate limit",
    "temporary",
    "token",
    "rights",
    "quota",
    "sold out",
    "missing",
    "taken",
    "refused",
)


class CloudError(OperationError):
    """A provider's refusal. `kind` is one of the constants above; `retry_after` is in seconds, 0 when not told."""

    def __init__(self, message: str, kind: str = REFUSED, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


@dataclass(frozen=True)
class Volume:
    """A block volume of a server; size in GB, and where it is mounted."""

    name: str
    size: int
    mount: str = ""

    @property
    def place(self) -> str:
        return self.mount or f"/mnt/{self.name}"


@dataclass(frozen=True)
class Port:
    """What the cloud firewall lets in; `protocol` is tcp or udp."""

    number: int
    protocol: str


@dataclass(frozen=True)
class WantedServer:
    """A server as the inventory wants it, its defaults filled in."""

    name: str
    provider: str
    region: str
    size: str
    image: str
    project: str
    groups: tuple[str, ...] = ()
    ssh_keys: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    private_network: bool = True
    ipv6: bool = True
    backups: bool = False
    reserved_ip: bool = False
    firewall: bool = True
    firewall_ports: tuple[Port, ...] = ()
    ssh_from: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    launch_script: str = ""
    host_keys: str = "discard"

    @property
    def tag(self) -> str:
        """The tag by which the server is found again; it goes into the very request that creates it."""
        return server_tag(self.project, self.name)

    def volume_label(self, volume: Volume) -> str:
        return f"{self.name}-{volume.name}"


@dataclass(frozen=True)
class FoundServer:
    """A server as its provider lists it. `monthly` is in the account's currency, None when the listing has no price."""

    provider: str
    id: str
    name: str
    region: str
    size: str
    image: str
    state: str
    tags: tuple[str, ...] = ()
    public_address: str = ""
    public_ipv6: str = ""
    private_address: str = ""
    monthly: float | None = None
    volumes: tuple[str, ...] = ()
    backups: bool = False

    def belongs_to(self, project: str) -> bool:
        return any(tag.startswith(f"{project_tag(project)}:") for tag in self.tags)


def project_tag(project: str) -> str:
    return f"{TAG}:{project}"


def server_tag(project: str, name: str) -> str:
    return f"{project_tag(project)}:{name}"


def resource_name(project: str, region: str = "") -> str:
    """The name of what a project's servers share, such as a firewall or a region's network."""
    return "-".join(part for part in (TAG, project, region) if part)


@dataclass(frozen=True)
class Settled:
    """What was changed on a server, in words; its reserved address, '' when it has none; its private address where the
    provider's listing does not tell it.
    """

    done: tuple[str, ...] = ()
    address: str = ""
    private_address: str = ""


@dataclass(frozen=True)
class Offer:
    """A size that a provider sells. `regions` None: everywhere as far as it tells."""

    name: str
    monthly: float
    regions: frozenset[str] | None = None


@dataclass
class Catalogue:
    """What can be ordered. `images` and `regions` None: the provider has no such list to check against."""

    regions: set[str] = field(default_factory=set)
    sizes: dict[str, Offer] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    # Regions and images in which a server cannot be given its host key (Linode's Metadata service).
    without_user_data: set[str] = field(default_factory=set)


class CloudProvider(ABC):
    """What is asked of a provider. Every method may raise CloudError; all of them can be called again after a crash."""

    name = ""
    # Whether its user data is cloud-config; else it is a shell script.
    takes_cloud_config = True
    # Why the size of a server cannot be changed, and what to do instead; '' where it can.
    fixed_size = ""

    @abstractmethod
    def servers(self) -> list[FoundServer]:
        """All servers of the account, ours and others, in one listing (and its further pages)."""

    @abstractmethod
    def catalogue(self) -> Catalogue:
        """What can be ordered now."""

    @abstractmethod
    def prepare(self, wanted: list[WantedServer]) -> None:
        """What servers share: SSH keys, private networks, the cloud firewall. Makes what is not there."""

    @abstractmethod
    def create(self, wanted: WantedServer, user_data: str) -> str:
        """Orders a server (after `prepare`) and returns its id. Raises CloudError; TEMPORARY: it may exist."""

    @abstractmethod
    def start(self, server: FoundServer) -> None:
        """Turns a stopped server on."""

    @abstractmethod
    def settle(self, wanted: WantedServer, server: FoundServer) -> Settled:
        """What can be changed on a server: firewall, reserved address, volumes, backups, tags."""

    @abstractmethod
    def resize(self, server: FoundServer, size: str) -> None:
        """Gives a server another size, with a restart; disk and addresses stay. One that is refused goes on running."""

    @abstractmethod
    def remove(self, server: FoundServer, project: str) -> list[str]:
        """Removes a server and what was made for it alone (reserved address, volumes). What was removed."""

    @abstractmethod
    def remove_shared(self, project: str) -> list[str]:
        """Removes what the project's servers shared, when none of them is left. What was removed."""

    @abstractmethod
    def device(self, label: str, number: int) -> str:
        """Where a server finds a volume with this label; `number` is its place among the server's volumes."""

    def volumes(self, server: FoundServer) -> list[str]:
        """The volumes that are attached to a server."""
        return list(server.volumes)

    def failed_creation(self, server_id: str) -> str:
        """Why the creation of a server failed, '' if it did not, or as far as the provider does not tell."""
        return ""

    def login_user(self, image: str) -> str:
        """The user to whom the provider gives the SSH keys."""
        return "root"


def check_volume(name: str, size: int, wanted_size: int, ours: bool) -> None:
    """Raises CloudError for a volume that is left alone: another's of this name, or one of another size."""
    if not ours:
        raise CloudError(f"volume {name} is there already, and was not made for this server: take another name")
    if size != wanted_size:
        text = f"volume {name} has {size} GB there, {wanted_size} in the inventory"
        raise CloudError(f"{text}: its size is not changed (docs/clouds.md)")


def of_project(servers: Iterable[FoundServer], project: str) -> list[FoundServer]:
    return [server for server in servers if server.belongs_to(project)]


def first(items: Iterable[Any], default: Any = None) -> Any:
    return next(iter(items), default)
