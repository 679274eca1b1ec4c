"""DigitalOcean by its SDK, pydo. API: https://docs.digitalocean.com/reference/api/digitalocean/"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from .cloud_calls import Calls
from .cloud_digitalocean_forms import (
    TITLE,
    TOKEN_HELP,
    firewall_body,
    firewall_tag,
    found_server,
    rules_of,
    tags_of,
    translate,
)
from .cloud_model import (
    Catalogue,
    CloudError,
    CloudProvider,
    FoundServer,
    Offer,
    Settled,
    Volume,
    WantedServer,
    check_volume,
    project_tag,
    resource_name,
)
from .public_key import parse_public_key

ENDPOINT = "https://api.digitalocean.com"
PAGE = 200
ACTION_SECONDS = 600.0
# Docker has stopped its containers after a minute and a half at most; then the power is cut.
SHUTDOWN_SECONDS = 120.0


class DigitalOcean(CloudProvider):
    """`client` is a pydo.Client."""

    name = "digitalocean"

    def __init__(self, client: Any, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._call = Calls(translate, say, sleep)
        self._sleep = sleep
        self._networks: dict[tuple[str, str], str] = {}

    # --- what is there ---

    def servers(self) -> list[FoundServer]:
        return [found_server(droplet) for droplet in self._all(self._client.droplets.list, "droplets")]

    def catalogue(self) -> Catalogue:
        regions = [each for each in self._all(self._client.regions.list, "regions") if each.get("available")]
        sizes = [each for each in self._all(self._client.sizes.list, "sizes") if each.get("available")]
        images = self._all(self._client.images.list, "images", type="distribution")
        return Catalogue(
            regions={each["slug"] for each in regions},
            sizes={
                each["slug"]: Offer(each["slug"], float(each["price_monthly"]), frozenset(each["regions"]))
                for each in sizes
            },
            images={each["slug"] for each in images if each.get("slug")},
        )

    def _all(self, operation: Callable[..., Any], key: str, **more: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page (links.pages.next)."""
        page = 1
        while True:
            answer = self._call(operation, per_page=PAGE, page=page, **more)
            yield from answer.get(key) or []
            if not ((answer.get("links") or {}).get("pages") or {}).get("next"):
                return
            page += 1

    # --- what servers share ---

    def prepare(self, wanted: list[WantedServer]) -> None:
        for line in dict.fromkeys(key for server in wanted for key in server.ssh_keys):
            self._register(line)
        for server in wanted:
            if server.private_network:
                self._network(server.project, server.region)
        walled = [server for server in wanted if server.firewall]
        if walled:
            self._firewall(walled[0])

    def _register(self, line: str) -> None:
        key = parse_public_key(line)
        body = {"name": key.name, "public_key": line}
        self._call.make(
            # A key that is not there is an answer to pydo, no error.
            lambda: (self._call(self._client.ssh_keys.get, key.md5) or {}).get("ssh_key"),
            lambda: self._client.ssh_keys.create(body=body),
        )

    def _network(self, project: str, region: str) -> str:
        name = resource_name(project, region)

        def find() -> str:
            if (name, region) not in self._networks:
                networks = self._all(self._client.vpcs.list, "vpcs")
                self._networks.update({(each["name"], each["region"]): each["id"] for each in networks})
            return self._networks.get((name, region), "")

        body = {"name": name, "region": region, "description": f"Servers of {project} (Slipway)"}
        self._networks[name, region] = self._call.make(find, lambda: self._client.vpcs.create(body=body)["vpc"]["id"])
        return self._networks[name, region]

    def _firewall(self, server: WantedServer) -> None:
        body = firewall_body(server)

        def find() -> dict[str, Any]:
            firewalls = self._all(self._client.firewalls.list, "firewalls")
            return next((each for each in firewalls if each["name"] == body["name"]), {})

        if not find():
            for tag in (body["tags"][0], project_tag(server.project)):
                self._call(self._client.tags.create, body={"name": tag})
        found = self._call.make(find, lambda: self._client.firewalls.create(body=body)["firewall"])
        if rules_of(found) != rules_of(body):
            self._call(self._client.firewalls.update, found["id"], body=body)

    # --- a server's life ---

    def create(self, wanted: WantedServer, user_data: str) -> str:
        answer = self._call.once(self._client.droplets.create, body=self.create_body(wanted, user_data))
        return str(answer["droplet"]["id"])

    def create_body(self, wanted: WantedServer, user_data: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "name": wanted.name,
            "region": wanted.region,
            "size": wanted.size,
            "image": wanted.image,
            "ssh_keys": [parse_public_key(line).md5 for line in wanted.ssh_keys],
            "backups": wanted.backups,
            "ipv6": wanted.ipv6,
            "tags": tags_of(wanted),
            "user_data": user_data,
        }
        if wanted.private_network:
            body["vpc_uuid"] = self._network(wanted.project, wanted.region)
        return body

    def start(self, server: FoundServer) -> None:
        self._bring(server, {"type": "power_on"}, "status", "active")

    def resize(self, server: FoundServer, size: str) -> None:
        self._shut_down(server)
        try:
            self._bring(server, {"type": "resize", "size": size, "disk": False}, "size_slug", size)
        except CloudError:
            # Whatever the new size lacks (a smaller disk, no room in the region), the server goes on with its old one.
            with suppress(CloudError):
                self.start(server)
            raise
        self.start(server)

    def _shut_down(self, server: FoundServer) -> None:
        """Turns a droplet off as its own shutdown would, which may fail; only then as if its power were cut."""
        with suppress(CloudError):
            self._bring(server, {"type": "shutdown"}, "status", "off")
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while self._droplet(server)["status"] != "off" and time.monotonic() < deadline:
            self._sleep(2)
        self._bring(server, {"type": "power_off"}, "status", "off")

    def _droplet(self, server: FoundServer) -> dict[str, Any]:
        return self._call(self._client.droplets.get, int(server.id))["droplet"]

    def _bring(self, server: FoundServer, body: dict[str, Any], key: str, value: str) -> None:
        """Asks for an action unless the droplet is so already; what an earlier call has begun is waited for."""
        number = int(server.id)

        def so_already() -> bool:
            for action in self._call(self._client.droplet_actions.list, number).get("actions") or []:
                if action["status"] == "in-progress":
                    self._finish(action)
            return self._droplet(server)[key] == value

        def ask() -> bool:
            self._finish(self._client.droplet_actions.post(number, body=body)["action"])
            return True

        self._call.make(so_already, ask)

    def settle(self, wanted: WantedServer, server: FoundServer) -> Settled:
        done = []
        for tag in tags_of(wanted):
            if tag not in server.tags:
                self._call(self._client.tags.create, body={"name": tag})
                resources = {"resources": [{"resource_id": server.id, "resource_type": "droplet"}]}
                self._call(self._client.tags.assign_resources, tag, body=resources)
                done.append(f"tag {tag}")
        if wanted.backups and not server.backups:
            self._act(server, {"type": "enable_backups"})
            done.append("backups")
        for volume in wanted.volumes:
            done += self._attach(wanted, server, volume)
        address = self._reserve(server, done) if wanted.reserved_ip else ""
        return Settled(tuple(done), address)

    def _reserve(self, server: FoundServer, done: list[str]) -> str:
        def make() -> str:
            address = self._client.reserved_ips.create(body={"droplet_id": int(server.id)})["reserved_ip"]["ip"]
            done.append(f"reserved address {address}")
            return address

        return self._call.make(lambda: self._reserved(server), make)

    def _attach(self, wanted: WantedServer, server: FoundServer, volume: Volume) -> list[str]:
        name = wanted.volume_label(volume)

        def find() -> dict[str, Any]:
            return next(self._all(self._client.volumes.list, "volumes", name=name, region=wanted.region), {})

        body: dict[str, Any] = {
            "name": name,
            "region": wanted.region,
            "size_gigabytes": volume.size,
            "tags": [wanted.tag],
        }
        found = self._call.make(find, lambda: self._client.volumes.create(body=body)["volume"])
        check_volume(name, found["size_gigabytes"], volume.size, wanted.tag in (found.get("tags") or []))
        if int(server.id) in (found.get("droplet_ids") or []):
            return []
        body = {"type": "attach", "droplet_id": int(server.id), "region": wanted.region}
        self._finish(self._call(self._client.volume_actions.post_by_id, found["id"], body=body)["action"])
        return [f"volume {name}"]

    def device(self, label: str, number: int) -> str:
        # https://docs.digitalocean.com/products/volumes/how-to/mount/
        return f"/dev/disk/by-id/scsi-0DO_Volume_{label}"

    def _reserved(self, server: FoundServer) -> str:
        for found in self._all(self._client.reserved_ips.list, "reserved_ips"):
            if str((found.get("droplet") or {}).get("id")) == server.id:
                return str(found["ip"])
        return ""

    def _act(self, server: FoundServer, body: dict[str, Any]) -> None:
        answer = self._call(self._client.droplet_actions.post, int(server.id), body=body)
        self._finish(answer["action"])

    def _finish(self, action: dict[str, Any]) -> None:
        """Waits for an action. Raises CloudError when it ends in an error."""
        deadline = time.monotonic() + ACTION_SECONDS
        while action["status"] == "in-progress" and time.monotonic() < deadline:
            self._sleep(2)
            action = self._call(self._client.actions.get, action["id"])["action"]
        if action["status"] != "completed":
            raise CloudError(f"{TITLE}: {action['type']} of {action.get('resource_id')} is {action['status']}")

    def failed_creation(self, server_id: str) -> str:
        actions = self._call(self._client.droplet_actions.list, int(server_id)).get("actions") or []
        failed = any(action["type"] == "create" and action["status"] == "errored" for action in actions)
        return "its action `create` ended in an error" if failed else ""

    # --- away ---

    def remove(self, server: FoundServer, project: str) -> list[str]:
        done = []
        address = self._call.if_allowed(lambda: self._reserved(server), "")
        if address:
            self._call.remove(self._client.reserved_ips.delete, address)
            done.append(f"reserved address {address}")
        for volume in server.volumes:
            done += self._remove_volume(volume, server, project)
        self._call.remove(self._client.droplets.destroy, int(server.id))
        self._call.remove(self._client.tags.delete, f"{project_tag(project)}:{server.name}")
        return [*done, f"server {server.name} ({server.id})"]

    def _remove_volume(self, volume: str, server: FoundServer, project: str) -> list[str]:
        """Removes a volume that was made for this server; one that a person attached stays."""
        found = self._call(self._client.volumes.get, volume).get("volume") or {}
        if f"{project_tag(project)}:{server.name}" not in (found.get("tags") or []):
            return []
        body = {"type": "detach", "droplet_id": int(server.id), "region": server.region}
        self._finish(self._call(self._client.volume_actions.post_by_id, volume, body=body)["action"])
        self._call.remove(self._client.volumes.delete, volume)
        return [f"volume {found['name']}"]

    def remove_shared(self, project: str) -> list[str]:
        done = []
        for found in self._all(self._client.firewalls.list, "firewalls"):
            if found["name"] == resource_name(project):
                self._call.remove(self._client.firewalls.delete, found["id"])
                done.append(f"firewall {found['name']}")
        for network in self._all(self._client.vpcs.list, "vpcs"):
            if network["name"] == resource_name(project, network["region"]):
                self._call.remove(self._client.vpcs.delete, network["id"])
                done.append(f"network {network['name']}")
        for tag in (firewall_tag(project), project_tag(project)):
            self._call.remove(self._client.tags.delete, tag)
        self._networks.clear()
        return done


def connect(token: str, endpoint: str, authority: str, say: Callable[[str], None]) -> DigitalOcean:
    """Raises CloudError without a token. `authority` is a file of certificates, '' for the system's."""
    if not token:
        raise CloudError(f"no token for {TITLE}: {TOKEN_HELP}")
    from pydo import Client

    more = {"connection_verify": authority} if authority else {}
    # The SDK's own retries would order a server again whose answer was lost.
    client = Client(token, endpoint=endpoint or ENDPOINT, retry_total=0, timeout=60, **more)
    return DigitalOcean(client, say)
