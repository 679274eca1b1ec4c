"""What can be asked of a droplet: power, resize, rename, backups; and what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.cloud.digitalocean import answers, catalogue
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document
from sandbox.cloud.web import Answer, Call

if TYPE_CHECKING:
    from sandbox.cloud.digitalocean.droplets import Droplets

POWER = ("reboot", "power_cycle", "shutdown", "power_off", "power_on")


class DropletActions:
    """Actions on droplets."""

    def __init__(self, droplets: Droplets) -> None:
        self.droplets = droplets
        self.store, self.fleet, self.actions = droplets.store, droplets.fleet, droplets.actions

    def routes(self) -> Routes:
        return {
            ("GET", "/v2/droplets/<droplet>/actions"): self.listing,
            ("POST", "/v2/droplets/<droplet>/actions"): self.act,
            ("GET", "/v2/droplets/<droplet>/actions/<action>"): self.get,
            ("GET", "/v2/droplets/<droplet>/backups"): self.backups,
            ("GET", "/v2/droplets/<droplet>/snapshots"): self.snapshots,
            ("GET", "/v2/droplets/<droplet>/destroy_with_associated_resources"): self.associated,
        }

    def listing(self, call: Call) -> Answer:
        return self.actions.page(call, self.actions.of("droplet", self.droplets.known(call)["id"]))

    def get(self, call: Call) -> Answer:
        return self.actions.one(call, self.actions.of("droplet", self.droplets.known(call)["id"]))

    def act(self, call: Call) -> Answer:
        droplet, asked = self.droplets.known(call), answers.content(call)
        kind = answers.field(asked, "type", str, "")
        if any(self.actions.running(action) for action in self.actions.of("droplet", droplet["id"])):
            raise answers.invalid("Droplet already has a pending event.")
        number = droplet["machine"]
        if kind in POWER:
            work = self._power(droplet, kind)
        elif kind == "resize":
            work = self._resize(droplet, asked)
        elif kind == "rename":
            work = self._rename(droplet, asked)
        elif kind in ("enable_backups", "disable_backups"):
            droplet["backups"] = kind == "enable_backups"
            work = self.fleet.pause(number)
        elif kind == "enable_ipv6":
            droplet["ipv6"] = True
            work = self.fleet.pause(number)
        else:
            raise answers.invalid(f"type {kind!r} is invalid, or not served by the sandbox")
        action = self.actions.begin(kind, work, droplet["id"], "droplet", droplet["region"])
        return Answer(201, {"action": self.actions.view(action)})

    def _power(self, droplet: Document, kind: str) -> str:
        number = droplet["machine"]
        running = self.fleet.machine(number)["state"] == "running"
        if kind == "power_on":
            if running:
                raise answers.invalid("Droplet is already powered on.")
            return self.fleet.power_on(number)
        if not running:
            raise answers.invalid("Droplet is currently off. Please power it on to run this event.")
        if kind in ("shutdown", "power_off"):
            return self.fleet.power_off(number, at_once=kind == "power_off")
        return self.fleet.reboot(number, at_once=kind == "power_cycle")

    def _resize(self, droplet: Document, asked: Document) -> str:
        slug = answers.field(asked, "size", str, "")
        try:
            size = catalogue.size(slug)
        except KeyError:
            raise answers.invalid("You specified an invalid size for Droplet resize.") from None
        if droplet["region"] not in size["regions"]:
            raise answers.invalid("Size is not available in this region.")
        if slug == droplet["size"]:
            raise answers.invalid("Droplet already has this size.")
        if self.fleet.machine(droplet["machine"])["state"] != "off":
            raise answers.invalid("Droplet must be powered off before it can be resized.")
        # A disk can only grow, and only if asked to; then the way back is closed.
        if size["disk"] < droplet["disk"]:
            raise answers.invalid("This size is not available because it has a smaller disk.")
        grows = answers.field(asked, "disk", bool, False)

        def resized() -> None:
            droplet["size"] = slug
            if grows:
                droplet["disk"] = size["disk"]

        return self.fleet.pause(droplet["machine"], then=resized)

    def _rename(self, droplet: Document, asked: Document) -> str:
        from sandbox.cloud.digitalocean.droplets import NAME

        name = answers.field(asked, "name", str, "")
        if not NAME.fullmatch(name):
            raise answers.invalid("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
        droplet["name"] = name
        return self.fleet.pause(droplet["machine"])

    def backups(self, call: Call) -> Answer:
        self.droplets.known(call)
        return answers.page(call, "backups", [])

    def snapshots(self, call: Call) -> Answer:
        self.droplets.known(call)
        return answers.page(call, "snapshots", [])

    def associated(self, call: Call) -> Answer:
        droplet = self.droplets.known(call)
        reserved = self.store.table("digitalocean.reserved_ips").values()
        volumes = self.droplets.volumes
        return Answer(
            body={
                "reserved_ips": [
                    {"id": found["ip"], "name": found["ip"], "cost": "5.00"}
                    for found in reserved
                    if found["droplet"] == droplet["id"]
                ],
                "floating_ips": [],
                "snapshots": [],
                "volumes": [
                    {
                        "id": identity,
                        "name": volumes.table[identity]["name"],
                        "cost": f"{volumes.table[identity]['size_gigabytes'] * 0.1:.2f}",
                    }
                    for identity in volumes.attached_to(droplet["id"])
                ],
                "volume_snapshots": [],
            }
        )
