"""Amazon Lightsail by its SDK, boto3. API: https://docs.aws.amazon.com/lightsail/2016-11-28/api-reference/

Lightsail has an API for each region, and names that are unique there: a server, its static address and its disks are
found by their names.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from .cloud_calls import Calls
from .cloud_lightsail_forms import (
    TITLE,
    TOKEN_HELP,
    address_name,
    found_server,
    opened,
    port_infos,
    tag_text,
    tags_of,
    translate,
)
from .cloud_model import (
    MISSING,
    TAG,
    TOKEN,
    Catalogue,
    CloudError,
    CloudProvider,
    FoundServer,
    Offer,
    Settled,
    WantedServer,
    check_volume,
)
from .public_key import parse_public_key

# Where Lightsail lists its regions and availability zones for everybody.
HOME = "us-east-1"
# The users of the images (https://docs.aws.amazon.com/lightsail/latest/userguide/set-up-ssh.html).
USERS = {"debian": "admin", "ubuntu": "ubuntu"}
CHANGE_SECONDS = 300.0


class Lightsail(CloudProvider):
    """`client_of` gives the boto3 client of a region; `regions` are those that are listed."""

    name = "lightsail"
    takes_cloud_config = False
    fixed_size = f"what is there: {TITLE} cannot change the size of a server (docs/lightsail.md tells how to move)"

    def __init__(
        self,
        client_of: Callable[[str], Any],
        regions: set[str],
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client_of = client_of
        self._regions = regions
        self._call = Calls(translate, say, sleep)
        self._sleep = sleep
        self._clients: dict[str, Any] = {}
        self._zones: dict[str, str] = {}
        self._keys: dict[str, str] = {}

    def _client(self, region: str) -> Any:
        if region not in self._clients:
            self._clients[region] = self._client_of(region)
        return self._clients[region]

    # --- what is there ---

    def servers(self) -> list[FoundServer]:
        regions = sorted(self._regions) or sorted(self._find_zones())
        return [found_server(each) for region in regions for each in self._all(region, "get_instances", "instances")]

    def _all(self, region: str, operation: str, key: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page (nextPageToken)."""
        token: dict[str, str] = {}
        while True:
            answer = self._call(getattr(self._client(region), operation), **token)
            yield from answer.get(key) or []
            if not answer.get("nextPageToken"):
                return
            token = {"pageToken": answer["nextPageToken"]}

    def _find_zones(self) -> dict[str, str]:
        """An availability zone of each region: the first that is available."""
        if not self._zones:
            answer = self._call(self._client(HOME).get_regions, includeAvailabilityZones=True)
            for region in answer["regions"]:
                zones = [
                    zone["zoneName"] for zone in region.get("availabilityZones") or [] if zone["state"] == "available"
                ]
                if zones:
                    self._zones[region["name"]] = sorted(zones)[0]
        return self._zones

    def catalogue(self) -> Catalogue:
        catalogue = Catalogue(regions=set(self._find_zones()))
        known = sorted(self._regions & catalogue.regions) or [HOME]
        places: dict[str, set[str]] = {}
        for region in known:
            for bundle in self._all(region, "get_bundles", "bundles"):
                if bundle.get("isActive", True) and "LINUX_UNIX" in (
                    bundle.get("supportedPlatforms") or ["LINUX_UNIX"]
                ):
                    places.setdefault(bundle["bundleId"], set()).add(region)
                    offer = Offer(bundle["bundleId"], float(bundle["price"]), frozenset(places[bundle["bundleId"]]))
                    catalogue.sizes[bundle["bundleId"]] = offer
            for blueprint in self._all(region, "get_blueprints", "blueprints"):
                if blueprint.get("isActive", True) and blueprint.get("platform", "LINUX_UNIX") == "LINUX_UNIX":
                    catalogue.images.add(blueprint["blueprintId"])
        return catalogue

    # --- what servers share ---

    def prepare(self, wanted: list[WantedServer]) -> None:
        self._find_zones()
        for region in dict.fromkeys(server.region for server in wanted):
            lines = dict.fromkeys(key for server in wanted if server.region == region for key in server.ssh_keys)
            # The API takes RSA keys alone. Keys of other kinds come with the launch script, as the second one does.
            rsa = [line for line in lines if line.startswith("ssh-rsa ")]
            if rsa:
                self._keys[region] = self._register(region, rsa[0])

    def _register(self, region: str, line: str) -> str:
        client, name = self._client(region), parse_public_key(line).name
        self._call.make(
            lambda: self._if_there(client.get_key_pair, "keyPair", keyPairName=name),
            lambda: client.import_key_pair(keyPairName=name, publicKeyBase64=line),
        )
        return name

    def _if_there(self, operation: Callable[..., Any], key: str, **named: Any) -> Any:
        try:
            return self._call(operation, **named)[key]
        except CloudError as error:
            if error.kind == MISSING:
                return None
            raise

    # --- a server's life ---

    def create(self, wanted: WantedServer, user_data: str) -> str:
        client = self._client(wanted.region)
        self._call.once(client.create_instances, **self.create_arguments(wanted, user_data))
        return f"{wanted.region}/{wanted.name}"

    def create_arguments(self, wanted: WantedServer, user_data: str) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "instanceNames": [wanted.name],
            "availabilityZone": self._zones[wanted.region],
            "blueprintId": wanted.image,
            "bundleId": wanted.size,
            "userData": user_data,
            "tags": tags_of(wanted),
            "ipAddressType": "dualstack" if wanted.ipv6 else "ipv4",
        }
        if wanted.region in self._keys:
            arguments["keyPairName"] = self._keys[wanted.region]
        if wanted.backups:
            arguments["addOns"] = [{"addOnType": "AutoSnapshot"}]
        return arguments

    def start(self, server: FoundServer) -> None:
        self._call(self._client(server.region).start_instance, instanceName=server.name)

    def resize(self, server: FoundServer, size: str) -> None:
        raise CloudError(f"{server.name}: size {size}; expected {self.fixed_size}")

    def settle(self, wanted: WantedServer, server: FoundServer) -> Settled:
        client, done = self._client(server.region), []
        missing = [tag for tag in tags_of(wanted) if tag_text(tag) not in server.tags]
        if missing:
            self._call(client.tag_resource, resourceName=server.name, tags=missing)
            done.append("tags " + ", ".join(tag_text(tag) for tag in missing))
        if wanted.backups and not server.backups:
            add_on = {"addOnType": "AutoSnapshot"}
            self._call(client.enable_add_on, resourceName=server.name, addOnRequest=add_on)
            done.append("backups")
        ports = port_infos(wanted)
        there = self._call(client.get_instance_port_states, instanceName=server.name)["portStates"]
        if opened(there) != opened(ports):
            self._call(client.put_instance_public_ports, instanceName=server.name, portInfos=ports)
            done.append("firewall")
        for number, volume in enumerate(wanted.volumes):
            done += self._attach(wanted, server, wanted.volume_label(volume), volume.size, number)
        address = self._static_address(wanted, server, done) if wanted.reserved_ip else ""
        return Settled(tuple(done), address)

    def _static_address(self, wanted: WantedServer, server: FoundServer, done: list[str]) -> str:
        client, name = self._client(server.region), address_name(wanted.project, wanted.name)

        def find() -> Any:
            return self._if_there(client.get_static_ip, "staticIp", staticIpName=name)

        self._call.make(find, lambda: client.allocate_static_ip(staticIpName=name))
        found = find()
        if found.get("attachedTo") != server.name:
            self._call(client.attach_static_ip, staticIpName=name, instanceName=server.name)
            done.append(f"static address {found['ipAddress']}")
        return str(found["ipAddress"])

    def _attach(self, wanted: WantedServer, server: FoundServer, name: str, size: int, number: int) -> list[str]:
        client = self._client(server.region)

        def find() -> Any:
            return self._if_there(client.get_disk, "disk", diskName=name)

        zone = self._zones[wanted.region]
        tags = [{"key": TAG, "value": f"{wanted.project}:{wanted.name}"}]
        self._call.make(
            find, lambda: client.create_disk(diskName=name, availabilityZone=zone, sizeInGb=size, tags=tags)
        )
        self._until(lambda: find()["state"] != "pending", f"disk {name}")
        there = find()
        check_volume(name, there["sizeInGb"], size, tags[0] in (there.get("tags") or []))
        if there.get("attachedTo") == server.name:
            return []
        path = self.device(name, number)
        self._call(client.attach_disk, diskName=name, instanceName=server.name, diskPath=path)
        return [f"disk {name}"]

    def device(self, label: str, number: int) -> str:
        return f"/dev/xvd{chr(ord('f') + number)}"

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + CHANGE_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise CloudError(f"{TITLE}: {what} has not changed within {CHANGE_SECONDS / 60:.0f} minutes")
            self._sleep(2)

    def failed_creation(self, server_id: str) -> str:
        region, _, name = server_id.partition("/")
        found = self._if_there(self._client(region).get_operations_for_resource, "operations", resourceName=name)
        for operation in found or []:
            if (operation.get("operationType"), operation.get("status")) == ("CreateInstance", "Failed"):
                return f"its creation failed {operation.get('errorDetails') or ''}".strip()
        return ""

    def login_user(self, image: str) -> str:
        return next((user for prefix, user in USERS.items() if image.startswith(prefix)), "ec2-user")

    # --- away ---

    def remove(self, server: FoundServer, project: str) -> list[str]:
        client, done = self._client(server.region), []
        address = address_name(project, server.name)
        found = self._if_there(client.get_static_ip, "staticIp", staticIpName=address)
        if found:
            if found.get("isAttached"):
                self._call(client.detach_static_ip, staticIpName=address)
            self._call.remove(client.release_static_ip, staticIpName=address)
            done.append(f"static address {found['ipAddress']}")
        own = [name for name in server.volumes if self._is_own_disk(server, name, project)]
        if own:
            # A disk comes off a stopped server alone.
            if self._state(server) != "stopped":
                self._call(client.stop_instance, instanceName=server.name)
            self._until(lambda: self._state(server) == "stopped", f"server {server.name}")
        for name in own:
            self._call(client.detach_disk, diskName=name)
            self._until(lambda name=name: self._disk_is_free(server.region, name), f"disk {name}")
            self._call.remove(client.delete_disk, diskName=name)
            done.append(f"disk {name}")
        self._call.remove(client.delete_instance, instanceName=server.name, forceDeleteAddOns=True)
        return [*done, f"server {server.name} ({server.id})"]

    def _is_own_disk(self, server: FoundServer, name: str, project: str) -> bool:
        """Whether a disk was made for this server; one that a person attached stays."""
        disk = self._if_there(self._client(server.region).get_disk, "disk", diskName=name)
        return {"key": TAG, "value": f"{project}:{server.name}"} in ((disk or {}).get("tags") or [])

    def _state(self, server: FoundServer) -> str:
        client = self._client(server.region)
        return str(self._call(client.get_instance_state, instanceName=server.name)["state"]["name"])

    def _disk_is_free(self, region: str, name: str) -> bool:
        disk = self._if_there(self._client(region).get_disk, "disk", diskName=name)
        return not disk or not disk.get("isAttached")

    def remove_shared(self, project: str) -> list[str]:
        """Nothing: a firewall is its server's own, and the private network is Amazon's."""
        return []


def session(given: dict[str, str]) -> Any:
    """The SDK's session: keys that are given, else its own chain (environment, profile, role)."""
    from urllib3.exceptions import DependencyWarning

    # As the library `requests` does: nobody needs to know that SOCKS proxies are not supported.
    warnings.simplefilter("ignore", DependencyWarning)
    import boto3

    return boto3.Session(
        aws_access_key_id=given.get("access_key_id") or None,
        aws_secret_access_key=given.get("secret_access_key") or None,
        profile_name=given.get("profile") or None,
    )


def connect(
    given: dict[str, str], endpoint: str, authority: str, regions: set[str], say: Callable[[str], None]
) -> Lightsail:
    """Raises CloudError without credentials. `authority` is a file of certificates, '' for the usual ones."""
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        chosen = session(given)
        there = chosen.get_credentials() is not None
    except BotoCoreError as error:
        raise CloudError(f"{TITLE}: {error}: {TOKEN_HELP}", TOKEN) from None
    if not there:
        raise CloudError(f"no credentials for {TITLE}: {TOKEN_HELP}")
    # The SDK's own retries would order a server again whose answer was lost.
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=20, read_timeout=60)

    def client_of(region: str) -> Any:
        return chosen.client(
            "lightsail", region_name=region, endpoint_url=endpoint or None, verify=authority or None, config=config
        )

    return Lightsail(client_of, regions, say)
