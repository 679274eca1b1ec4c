"""Linode (Akamai) by its SDK, linode-api4. API: https://techdocs.akamai.com/linode-api/reference/api"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from .cloud_calls import Calls
from .cloud_linode_forms import (
    STATES,
    SUBNET,
    TITLE,
    TOKEN_HELP,
    firewall_body,
    found_server,
    rules_of,
    tags_of,
    translate,
)
from .cloud_model import (
    RATE,
    RUNNING,
    TEMPORARY,
    Catalogue,
    CloudError,
    CloudProvider,
    FoundServer,
    Offer,
    Settled,
    WantedServer,
    check_volume,
    project_tag,
    resource_name,
)

ENDPOINT = "https://api.linode.com/v4"
PAGE = 500
# A Linode is copied to another machine, about a minute for 3 GB of its disks.
RESIZE_SECONDS = 3600.0
DETACH_SECONDS = 600.0
# So long Linode may take to turn a Linode on again by itself.
BOOT_SECONDS = 120.0


class Linode(CloudProvider):
    """`client` is a linode_api4.LinodeClient; its own retries are off."""

    name = "linode"

    def __init__(self, client: Any, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._call = Calls(translate, say, sleep)
        self._sleep = sleep
        self._subnets: dict[str, int] = {}
        self._firewalls: dict[str, int] = {}

    # --- what is there ---

    def servers(self) -> list[FoundServer]:
        return [found_server(instance) for instance in self._all("/linode/instances")]

    def catalogue(self) -> Catalogue:
        regions = [each for each in self._all("/regions") if each.get("status", "ok") == "ok"]
        images = list(self._all("/images"))
        away = {(each["plan"], each["region"]) for each in self._all("/regions/availability") if not each["available"]}
        names = frozenset(each["id"] for each in regions)
        sizes = {
            each["id"]: Offer(
                each["id"],
                float(each["price"]["monthly"]),
                frozenset(region for region in names if (each["id"], region) not in away),
            )
            for each in self._all("/linode/types")
        }
        return Catalogue(
            regions=set(names),
            sizes=sizes,
            images={each["id"] for each in images},
            without_user_data={each["id"] for each in regions if "Metadata" not in each["capabilities"]}
            | {each["id"] for each in images if "cloud-init" not in (each.get("capabilities") or [])},
        )

    def _all(self, path: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        page, pages = 1, 1
        while page <= pages:
            answer = self._call(
                self._client.get, f"{path}?page={page}&page_size={PAGE}", filters=filters.get("filters")
            )
            yield from answer["data"]
            page, pages = page + 1, answer["pages"]

    # --- what servers share ---

    def prepare(self, wanted: list[WantedServer]) -> None:
        for region in dict.fromkeys(server.region for server in wanted if server.private_network):
            self._network(wanted[0].project, region)
        walled = [server for server in wanted if server.firewall]
        if walled:
            self._firewall(walled[0])

    def _network(self, project: str, region: str) -> None:
        label = resource_name(project, region)
        body = {
            "label": label,
            "region": region,
            "description": f"Servers of {project} (Slipway)",
            "subnets": [{"label": "servers", "ipv4": SUBNET}],
        }
        vpc = self._call.make(
            lambda: next((each for each in self._all("/vpcs") if each["label"] == label), None),
            lambda: self._client.post("/vpcs", data=body),
        )
        self._subnets[region] = vpc["subnets"][0]["id"]

    def _firewall(self, server: WantedServer) -> None:
        body = firewall_body(server)

        def find() -> Any:
            return next((each for each in self._all("/networking/firewalls") if each["label"] == body["label"]), None)

        found = self._call.make(find, lambda: self._client.post("/networking/firewalls", data=body))
        if rules_of(found["rules"]) != rules_of(body["rules"]):
            self._call(self._client.put, f"/networking/firewalls/{found['id']}/rules", data=body["rules"])
        self._firewalls[server.project] = found["id"]

    # --- a server's life ---

    def create(self, wanted: WantedServer, user_data: str) -> str:
        address = self._reserve(wanted) if wanted.reserved_ip else ""
        body = self.create_body(wanted, user_data)
        if address:
            body["ipv4"] = [address]
        return str(self._call.once(self._client.post, "/linode/instances", data=body)["id"])

    def create_body(self, wanted: WantedServer, user_data: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "label": wanted.name,
            "region": wanted.region,
            "type": wanted.size,
            "image": wanted.image,
            "authorized_keys": list(wanted.ssh_keys),
            "tags": tags_of(wanted),
            "backups_enabled": wanted.backups,
            "metadata": {"user_data": base64.b64encode(user_data.encode()).decode()},
            "interface_generation": "legacy_config",
            "booted": True,
        }
        if wanted.private_network:
            subnet = self._subnets[wanted.region]
            body["interfaces"] = [{"purpose": "public", "primary": True}, {"purpose": "vpc", "subnet_id": subnet}]
        if wanted.firewall:
            body["firewall_id"] = self._firewalls[wanted.project]
        return body

    def _reserve(self, wanted: WantedServer) -> str:
        """A reserved address with the server's tag: the one that an earlier run reserved, or a new one."""
        body = {"region": wanted.region, "tags": [wanted.tag]}
        return self._call.make(
            lambda: next(iter(self._reserved(wanted.tag)), ""),
            lambda: self._client.post("/networking/reserved/ips", data=body)["address"],
        )

    def _reserved(self, tag: str) -> list[str]:
        return [each["address"] for each in self._all("/networking/reserved/ips") if tag in (each.get("tags") or [])]

    def start(self, server: FoundServer) -> None:
        self._call(self._client.post, f"/linode/instances/{server.id}/boot", data={})

    def resize(self, server: FoundServer, size: str) -> None:
        past = {each["id"] for each in self._resizes(server)}
        body = {"type": size, "allow_auto_disk_resize": False, "migration_type": "cold"}

        def so_already() -> bool:
            # A resize whose answer was lost is known by its event.
            if {each["id"] for each in self._resizes(server)} - past:
                self._resized(server, past)
            return self._instance(server, set(STATES))["type"] == size

        def ask() -> bool:
            self._client.post(f"/linode/instances/{server.id}/resize", data=body)
            self._resized(server, past)
            return True

        self._call.make(so_already, ask)
        # One that ran is turned on by Linode itself.
        with suppress(CloudError):
            if server.state == RUNNING:
                self._instance(server, {"running"}, BOOT_SECONDS)
        if self._instance(server, set(STATES))["status"] != "running":
            self.start(server)

    def _resizes(self, server: FoundServer) -> list[dict[str, Any]]:
        filters = {"action": "linode_resize", "entity.id": int(server.id), "entity.type": "linode"}
        return list(self._all("/account/events", filters=filters))

    def _resized(self, server: FoundServer, past: set[int]) -> None:
        """Waits for the end of a resize that has another event than those of the past."""
        deadline = time.monotonic() + RESIZE_SECONDS
        while time.monotonic() < deadline:
            events = [each for each in self._resizes(server) if each["id"] not in past]
            if any(each["status"] == "failed" for each in events):
                raise CloudError(
                    f"{TITLE}: the resize of {server.name} failed {events[0].get('message') or ''}".strip()
                )
            if any(each["status"] in ("finished", "notification") for each in events):
                return
            self._sleep(2)
        raise CloudError(f"{TITLE}: the resize of {server.name} has not ended after {RESIZE_SECONDS / 60:.0f} minutes")

    def _instance(self, server: FoundServer, states: set[str], seconds: float = RESIZE_SECONDS) -> dict[str, Any]:
        """The Linode, as soon as its status is one of these. Raises CloudError after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            now = self._call(self._client.get, f"/linode/instances/{server.id}")
            if now["status"] in states:
                return now
            if time.monotonic() > deadline:
                raise CloudError(f"{TITLE}: {server.name} is {now['status']} after {seconds / 60:.0f} minutes")
            self._sleep(2)

    def settle(self, wanted: WantedServer, server: FoundServer) -> Settled:
        done = []
        if set(tags_of(wanted)) - set(server.tags):
            tags = sorted({*server.tags, *tags_of(wanted)})
            self._call(self._client.put, f"/linode/instances/{server.id}", data={"tags": tags})
            done.append("tags " + ", ".join(sorted(set(tags_of(wanted)) - set(server.tags))))
        if wanted.backups and not server.backups:
            self._call(self._client.post, f"/linode/instances/{server.id}/backups/enable", data={})
            done.append("backups")
        if wanted.firewall:
            done += self._put_behind(self._firewalls[wanted.project], server)
        for volume in wanted.volumes:
            done += self._attach(wanted, server, wanted.volume_label(volume), volume.size)
        if wanted.reserved_ip and not set(self._reserved(wanted.tag)):
            raise CloudError(
                f"{TITLE} gives a reserved address to a new server alone: {wanted.name} has been there before"
            )
        return Settled(tuple(done), "", self._private(server) if wanted.private_network else "")

    def _put_behind(self, firewall: int, server: FoundServer) -> list[str]:
        path = f"/networking/firewalls/{firewall}/devices"
        if any(str(each["entity"]["id"]) == server.id for each in self._all(path)):
            return []
        self._call(self._client.post, path, data={"id": int(server.id), "type": "linode"})
        return ["firewall"]

    def _attach(self, wanted: WantedServer, server: FoundServer, label: str, size: int) -> list[str]:
        def find() -> Any:
            return next((each for each in self._all("/volumes") if each["label"] == label), None)

        body = {"label": label, "size": size, "linode_id": int(server.id), "tags": [wanted.tag]}
        before = find()
        volume = before or self._call.make(find, lambda: self._client.post("/volumes", data=body))
        check_volume(label, volume["size"], size, wanted.tag in (volume.get("tags") or []))
        if before and str(before.get("linode_id")) == server.id:
            return []
        if str(volume.get("linode_id")) != server.id:
            attach = {"linode_id": int(server.id), "persist_across_boots": True}
            self._call(self._client.post, f"/volumes/{volume['id']}/attach", data=attach)
        return [f"volume {label}"]

    def volumes(self, server: FoundServer) -> list[str]:
        # The listing of servers does not tell them.
        return [each["label"] for each in self._all(f"/linode/instances/{server.id}/volumes")]

    def device(self, label: str, number: int) -> str:
        # As a volume's `filesystem_path` has it.
        return f"/dev/disk/by-id/scsi-0Linode_Volume_{label}"

    def _private(self, server: FoundServer) -> str:
        """Its address in the network, which the listing does not tell."""
        addresses = self._call(self._client.get, f"/linode/instances/{server.id}/ips")["ipv4"]
        return next((each["address"] for each in addresses.get("vpc") or [] if each.get("address")), "")

    def failed_creation(self, server_id: str) -> str:
        filters = {"action": "linode_create"}
        events = [
            event
            for event in self._all("/account/events", filters=filters)
            if (event["action"], event["status"]) == ("linode_create", "failed")
            and str((event.get("entity") or {}).get("id")) == server_id
        ]
        return f"`{events[0]['action']}` failed {events[0].get('message') or ''}".strip() if events else ""

    # --- away ---

    def remove(self, server: FoundServer, project: str) -> list[str]:
        done = []
        tag = f"{project_tag(project)}:{server.name}"
        listed = self._call.if_allowed(lambda: list(self._all("/volumes")), [])
        for volume in [each for each in listed if tag in (each.get("tags") or [])]:
            if volume.get("linode_id"):
                self._call(self._client.post, f"/volumes/{volume['id']}/detach", data={})
                self._detached(volume["id"])
            self._call.remove(self._client.delete, f"/volumes/{volume['id']}")
            done.append(f"volume {volume['label']}")
        self._call.remove(self._client.delete, f"/linode/instances/{server.id}")
        for address in self._reserved_if_any(tag):
            self._call.remove(self._client.delete, f"/networking/reserved/ips/{address}")
            done.append(f"reserved address {address}")
        return [*done, f"server {server.name} ({server.id})"]

    def _reserved_if_any(self, tag: str) -> list[str]:
        """Not every account may have reserved addresses; one that is only not answered for would go on costing."""
        try:
            return self._reserved(tag)
        except CloudError as error:
            if error.kind in (RATE, TEMPORARY):
                raise
            return []

    def _detached(self, volume: int) -> None:
        deadline = time.monotonic() + DETACH_SECONDS
        while self._call(self._client.get, f"/volumes/{volume}").get("linode_id") and time.monotonic() < deadline:
            self._sleep(2)

    def remove_shared(self, project: str) -> list[str]:
        done = []
        for found in self._all("/networking/firewalls"):
            if found["label"] == resource_name(project):
                self._call.remove(self._client.delete, f"/networking/firewalls/{found['id']}")
                done.append(f"firewall {found['label']}")
        for found in self._all("/vpcs"):
            if found["label"] == resource_name(project, found["region"]):
                self._call.remove(self._client.delete, f"/vpcs/{found['id']}")
                done.append(f"network {found['label']}")
        return done


def connect(token: str, endpoint: str, authority: str, say: Callable[[str], None]) -> Linode:
    """Raises CloudError without a token. `authority` is a file of certificates, '' for the system's."""
    if not token:
        raise CloudError(f"no token for {TITLE}: {TOKEN_HELP}")
    from linode_api4 import LinodeClient

    # The SDK's own retries would order a server again whose answer was lost.
    client = LinodeClient(token, base_url=endpoint or ENDPOINT, retry=False, ca_path=authority or None)
    return Linode(client, say)
