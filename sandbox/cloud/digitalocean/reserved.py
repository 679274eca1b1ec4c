"""Reserved addresses: they stay while droplets come and go. A droplet here really has the one assigned to it."""

from __future__ import annotations

from sandbox.cloud.digitalocean import answers, catalogue
from sandbox.cloud.digitalocean.actions import Actions
from sandbox.cloud.digitalocean.droplets import Droplets
from sandbox.cloud.fleet import Fleet, NoRoomError
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store, identity
from sandbox.cloud.web import Answer, Call


class ReservedAddresses:
    """The account's reserved addresses."""

    def __init__(self, store: Store, fleet: Fleet, actions: Actions, droplets: Droplets) -> None:
        self.store, self.fleet, self.actions, self.droplets = store, fleet, actions, droplets
        self.project = identity()

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.reserved_ips")

    def routes(self) -> Routes:
        return {
            ("GET", "/v2/reserved_ips"): self.listing,
            ("POST", "/v2/reserved_ips"): self.create,
            ("GET", "/v2/reserved_ips/<ip>"): self.get,
            ("DELETE", "/v2/reserved_ips/<ip>"): self.delete,
            ("GET", "/v2/reserved_ips/<ip>/actions"): self.list_actions,
            ("POST", "/v2/reserved_ips/<ip>/actions"): self.act,
            ("GET", "/v2/reserved_ips/<ip>/actions/<action>"): self.get_action,
        }

    def view(self, reserved: Document) -> Document:
        """An address as the API shows it."""
        droplet = self.droplets.table.get(str(reserved["droplet"]))
        return {
            "ip": reserved["ip"],
            "region": catalogue.region(reserved["region"]),
            "droplet": self.droplets.view(droplet) if droplet else None,
            "locked": any(self.actions.running(action) for action in self._actions(reserved)),
            "project_id": self.project,
        }

    def listing(self, call: Call) -> Answer:
        return answers.page(call, "reserved_ips", [self.view(reserved) for reserved in self.table.values()])

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        number, region = answers.field(asked, "droplet_id", int), answers.field(asked, "region", str)
        if (number is None) == (region is None):
            raise answers.invalid("either droplet_id or region is required")
        droplet = self._droplet(number) if number is not None else None
        region = droplet["region"] if droplet else region
        if region not in catalogue.open_regions():
            raise answers.invalid("region is invalid")
        taken = {
            found
            for table in ("digitalocean.reserved_ips", "linode.reserved_ips", "lightsail.static_ips")
            for found in self.store.table(table)
        }
        try:
            ip = self.fleet.reserve_address(taken)
        except NoRoomError:
            raise answers.invalid("You have reached the limit of reserved IPs") from None
        reserved = {"ip": ip, "region": region, "droplet": None}
        self.table[ip] = reserved
        links: Document = {"droplets": [], "actions": []}
        if droplet:
            action = self._assign(reserved, droplet)
            href = f"{answers.base(call)}/v2/droplets/{droplet['id']}"
            links["droplets"] = [{"id": droplet["id"], "rel": "droplet", "href": href}]
            links["actions"] = [self.actions.link(call, action, "assign_ip")]
        return Answer(202, {"reserved_ip": self.view(reserved), "links": links})

    def get(self, call: Call) -> Answer:
        return Answer(body={"reserved_ip": self.view(self._known(call))})

    def delete(self, call: Call) -> Answer:
        reserved = self._known(call)
        self._unassign(reserved)
        del self.table[reserved["ip"]]
        return Answer(204)

    def list_actions(self, call: Call) -> Answer:
        return self.actions.page(call, self._actions(self._known(call)))

    def get_action(self, call: Call) -> Answer:
        return self.actions.one(call, self._actions(self._known(call)))

    def act(self, call: Call) -> Answer:
        reserved, asked = self._known(call), answers.content(call)
        kind = asked.get("type")
        if kind == "assign":
            droplet = self._droplet(answers.field(asked, "droplet_id", int))
            if droplet["region"] != reserved["region"]:
                raise answers.invalid("The droplet is in another region than the reserved IP.")
            action = self._assign(reserved, droplet)
        elif kind == "unassign":
            if reserved["droplet"] is None:
                raise answers.invalid("The reserved IP is not assigned.")
            action = self._note("unassign_ip", self._unassign(reserved), reserved)
        else:
            raise answers.invalid("type is invalid")
        return Answer(201, {"action": self.actions.view(action)})

    def _assign(self, reserved: Document, droplet: Document) -> Document:
        self._unassign(reserved)
        if any(other["droplet"] == droplet["id"] for other in self.table.values()):
            raise answers.invalid("The droplet already has a reserved IP.")
        reserved["droplet"] = droplet["id"]
        addresses = [*self.fleet.machine(droplet["machine"])["addresses"], f"{reserved['ip']}/32"]
        return self._note("assign_ip", self.fleet.set_addresses(droplet["machine"], addresses), reserved)

    def _unassign(self, reserved: Document) -> str | None:
        droplet = self.droplets.table.get(str(reserved["droplet"]))
        reserved["droplet"] = None
        if droplet is None:
            return None
        addresses = self.fleet.machine(droplet["machine"])["addresses"]
        left = [address for address in addresses if address != f"{reserved['ip']}/32"]
        return self.fleet.set_addresses(droplet["machine"], left)

    def _note(self, kind: str, work: str | None, reserved: Document) -> Document:
        action = self.actions.begin(kind, work, _number(reserved["ip"]), "reserved_ip", reserved["region"])
        return action

    def _actions(self, reserved: Document) -> list[Document]:
        return self.actions.of("reserved_ip", _number(reserved["ip"]))

    def _droplet(self, number: int | None) -> Document:
        droplet = self.droplets.table.get(str(number))
        if droplet is None:
            raise answers.invalid("droplet_id is invalid")
        return droplet

    def _known(self, call: Call) -> Document:
        reserved = self.table.get(call.arguments["ip"])
        if reserved is None:
            raise answers.not_found()
        return reserved


def _number(address: str) -> int:
    """The number by which actions know an address."""
    return int.from_bytes(bytes(map(int, address.split("."))), "big")
