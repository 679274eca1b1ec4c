"""Droplets: made, listed, shown, destroyed."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from sandbox import names
from sandbox.cloud.digitalocean import answers, catalogue
from sandbox.cloud.digitalocean.actions import Actions
from sandbox.cloud.digitalocean.droplet_actions import DropletActions
from sandbox.cloud.digitalocean.keys import Keys
from sandbox.cloud.digitalocean.networks import Networks
from sandbox.cloud.digitalocean.tags import Tags
from sandbox.cloud.digitalocean.volumes import Volumes
from sandbox.cloud.fleet import Fleet, NoRoomError, public_address, public_address_6
from sandbox.cloud.router import Routes
from sandbox.cloud.seed import Seed
from sandbox.cloud.store import Document, Store, timestamp
from sandbox.cloud.web import Answer, Call

NAME = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")
LONGEST_NAME = 255
USER_DATA_BYTES = 64 * 1024
AT_ONCE = 10
STATUS = {"making": "new", "running": "active", "off": "off", "failed": "new"}
NETMASK, GATEWAY = "255.255.255.0", names.GATEWAY


class Droplets:
    """The account's droplets."""

    def __init__(
        self,
        store: Store,
        fleet: Fleet,
        actions: Actions,
        keys: Keys,
        tags: Tags,
        volumes: Volumes,
        networks: Networks,
    ) -> None:
        self.store, self.fleet, self.actions = store, fleet, actions
        self.keys, self.tags, self.volumes, self.networks = keys, tags, volumes, networks
        self._asked = DropletActions(self)

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.droplets")

    def routes(self) -> Routes:
        return {
            ("GET", "/v2/droplets"): self.listing,
            ("POST", "/v2/droplets"): self.create,
            ("DELETE", "/v2/droplets"): self.delete_tagged,
            ("GET", "/v2/droplets/<droplet>"): self.get,
            ("DELETE", "/v2/droplets/<droplet>"): self.delete,
            **self._asked.routes(),
        }

    def view(self, droplet: Document) -> Document:
        """A droplet as the API shows it."""
        size, state = catalogue.size(droplet["size"]), self.fleet.machine(droplet["machine"])["state"]
        features = {"backups": droplet["backups"], "ipv6": droplet["ipv6"], "monitoring": droplet["monitoring"]}
        return {
            "id": droplet["id"],
            "name": droplet["name"],
            "memory": size["memory"],
            "vcpus": size["vcpus"],
            "disk": droplet["disk"],
            "disk_info": [{"type": "local", "size": {"amount": droplet["disk"], "unit": "gib"}}],
            "locked": any(self.actions.running(action) for action in self.actions.of("droplet", droplet["id"])),
            "status": STATUS[state],
            "created_at": droplet["created_at"],
            "features": [name for name, there in features.items() if there] + ["private_networking"],
            "backup_ids": [],
            "next_backup_window": None,
            "snapshot_ids": [],
            "image": catalogue.image(droplet["image"]),
            "volume_ids": self.volumes.attached_to(droplet["id"]),
            "size": size,
            "size_slug": droplet["size"],
            "networks": self._networks(droplet) if state in ("running", "off") else {"v4": [], "v6": []},
            "region": catalogue.region(droplet["region"]),
            "tags": droplet["tags"],
            "vpc_uuid": droplet["vpc_uuid"],
        }

    def _networks(self, droplet: Document) -> Document:
        public = public_address(droplet["machine"])
        private = ipaddress.ip_interface(self.fleet.machine(droplet["machine"])["addresses"][0])
        v4 = [
            {"ip_address": public, "netmask": NETMASK, "gateway": GATEWAY, "type": "public"},
            {"ip_address": str(private.ip), "netmask": str(private.netmask), "gateway": "", "type": "private"},
        ]
        v6 = {
            "ip_address": public_address_6(droplet["machine"]),
            "netmask": 64,
            "gateway": names.GATEWAY_6,
            "type": "public",
        }
        return {"v4": v4, "v6": [v6] if droplet["ipv6"] else []}

    def listing(self, call: Call) -> Answer:
        tag, name = call.query.get("tag_name"), call.query.get("name")
        # GPU droplets are another listing; there are none here.
        none = call.query.get("type") == "gpus"
        found = [
            self.view(droplet)
            for droplet in self.table.values()
            if not none
            and self.fleet.listed(droplet["machine"])
            and (tag is None or tag.lower() in (given.lower() for given in droplet["tags"]))
            and name in (None, droplet["name"])
        ]
        return answers.page(call, "droplets", found)

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        several = "names" in asked
        wanted = answers.texts(asked, "names") if several else [answers.field(asked, "name", str, "")]
        described = self._checked(asked, wanted)
        made = [self._make(name, described) for name in wanted]
        links = {"actions": [self.actions.link(call, action, "create") for _, action in made]}
        shown = [self.view(droplet) for droplet, _ in made]
        return Answer(202, {"droplets": shown, "links": links} if several else {"droplet": shown[0], "links": links})

    def _checked(self, asked: dict[str, Any], wanted: list[str]) -> Document:
        """What a new droplet is to be. Refusal (422) that says what is wrong with the request."""
        if not 1 <= len(wanted) <= AT_ONCE:
            raise answers.invalid(f"between 1 and {AT_ONCE} droplets can be created at once")
        for name in wanted:
            if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
                raise answers.invalid("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
        region = answers.field(asked, "region", str) or catalogue.open_regions()[0]
        if region not in catalogue.REGIONS:
            raise answers.invalid("You specified an invalid region for Droplet creation.")
        if region in catalogue.CLOSED:
            raise answers.invalid("Region is not available")
        slug = answers.field(asked, "size", str, "")
        try:
            size = catalogue.size(slug)
        except KeyError:
            raise answers.invalid("You specified an invalid size for Droplet creation.") from None
        if region not in size["regions"]:
            raise answers.invalid("Size is not available in this region.")
        image = catalogue.image_slug(answers.field(asked, "image", (str, int)))
        if image is None:
            raise answers.invalid("You specified an invalid image for Droplet creation.")
        if len(answers.field(asked, "user_data", str, "").encode()) > USER_DATA_BYTES:
            raise answers.invalid("User data is too long (maximum is 65536 bytes)")
        ipv6, public = answers.field(asked, "ipv6", bool, False), answers.field(asked, "public_networking", bool, True)
        if not public:
            raise answers.invalid("the sandbox has no droplets without a public network")
        keys = {str(key): self.keys.find(key) for key in answers.texts(asked, "ssh_keys", (str, int))}
        if missing := [key for key, found in keys.items() if found is None]:
            raise answers.invalid(f"{', '.join(missing)} are invalid key identifiers for Droplet creation.")
        volumes = answers.texts(asked, "volumes")
        self.volumes.check_free(volumes, region)
        return {
            "region": region,
            "size": slug,
            "disk": size["disk"],
            "image": image,
            "user_data": answers.field(asked, "user_data", str, ""),
            "keys": [found["public_key"] for found in keys.values() if found],
            "ipv6": ipv6,
            "backups": answers.field(asked, "backups", bool, False),
            "monitoring": answers.field(asked, "monitoring", bool, False),
            "volumes": volumes,
            "vpc": self.networks.for_droplet(answers.field(asked, "vpc_uuid", str), region),
            "tags": self.tags.ensure(answers.texts(asked, "tags")),
        }

    def _make(self, name: str, described: Document) -> tuple[Document, Document]:
        number = self.store.number("digitalocean.droplets", 3164444)
        seed = Seed(str(number), name, described["user_data"], described["keys"])
        try:
            private = self.fleet.private_address(described["vpc"]["ip_range"], "digitalocean")
            machine = self.fleet.create("digitalocean", seed, catalogue.DEBIAN[described["image"]], [private])
        except NoRoomError:
            raise answers.invalid("creating this/these droplet(s) will exceed your droplet limit") from None
        kept = ("region", "size", "disk", "image", "ipv6", "backups", "monitoring", "tags")
        droplet = {
            "id": number,
            "name": name,
            "machine": machine["number"],
            **{key: described[key] for key in kept},
            "vpc_uuid": described["vpc"]["id"],
            "created_at": timestamp(),
        }
        self.table[str(number)] = droplet
        self.volumes.attach(described["volumes"], number)
        return droplet, self.actions.begin("create", machine["work"], number, "droplet", droplet["region"])

    def get(self, call: Call) -> Answer:
        return Answer(body={"droplet": self.view(self.known(call))})

    def delete(self, call: Call) -> Answer:
        self.destroy(self.known(call))
        return Answer(204)

    def delete_tagged(self, call: Call) -> Answer:
        tag = call.query.get("tag_name")
        if not tag:
            raise answers.invalid("tag_name is required")
        for droplet in [droplet for droplet in self.table.values() if tag in droplet["tags"]]:
            self.destroy(droplet)
        return Answer(204)

    def destroy(self, droplet: Document) -> None:
        """Destroy a droplet; volumes and reserved addresses stay."""
        del self.table[str(droplet["id"])]
        self.volumes.detach_all(droplet["id"])
        for reserved in self.store.table("digitalocean.reserved_ips").values():
            if reserved["droplet"] == droplet["id"]:
                reserved["droplet"] = None
        for firewall in self.store.table("digitalocean.firewalls").values():
            firewall["droplet_ids"] = [number for number in firewall["droplet_ids"] if number != droplet["id"]]
        self.fleet.destroy(droplet["machine"])

    def known(self, call: Call) -> Document:
        """The droplet that a call names. Refusal (404) if there is none."""
        droplet = self.table.get(call.arguments["droplet"])
        if droplet is None:
            raise answers.not_found()
        return droplet
