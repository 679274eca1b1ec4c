"""Addresses: public, private, in a VPC, and reserved ones, which a Linode here really has when they are given to it."""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox import names
from sandbox.cloud.fleet import Fleet, NoRoomError, public_address, public_address_6
from sandbox.cloud.linode import answers, catalogue
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call

PRIVATE_NETWORK = "192.168.128.0/17"


class Addresses:
    """The account's addresses."""

    def __init__(self, store: Store, fleet: Fleet) -> None:
        self.store, self.fleet = store, fleet

    @property
    def reserved(self) -> dict[str, Document]:
        return self.store.table("linode.reserved_ips")

    @property
    def instances(self) -> dict[str, Document]:
        return self.store.table("linode.instances")

    def routes(self) -> Routes:
        reserved = "/v4/networking/reserved/ips"
        return {
            ("GET", "/v4/networking/ips"): self.listing,
            ("GET", "/v4/networking/ips/<ip>"): self.get,
            ("POST", "/v4/networking/ips"): self.allocate,
            ("POST", "/v4/networking/ips/assign"): self.assign,
            ("POST", "/v4/networking/ipv4/assign"): self.assign,
            ("GET", reserved): lambda call: answers.page(call, map(self._reserved_view, self.reserved.values())),
            ("POST", reserved): self.reserve,
            ("GET", f"{reserved}/<ip>"): lambda call: Answer(body=self._reserved_view(self._known(call))),
            ("DELETE", f"{reserved}/<ip>"): self.release,
            ("GET", "/v4/linode/instances/<linode>/ips"): self.of_instance,
            ("POST", "/v4/linode/instances/<linode>/ips"): self.add_to_instance,
        }

    def private(self) -> str:
        """A free private address of the older kind. NoRoomError if there is none."""
        return self.fleet.private_address(PRIVATE_NETWORK, "linode")

    def ipv4(self, instance: Document) -> list[str]:
        """The addresses that a Linode shows: public, reserved, private; those of a VPC stand elsewhere."""
        reserved = [ip for ip, found in self.reserved.items() if found["linode_id"] == instance["id"]]
        private = [instance["private"].partition("/")[0]] if instance["private"] else []
        return [public_address(instance["machine"]), *reserved, *private]

    def listing(self, call: Call) -> Answer:
        found = [
            self._view(ip, instance["region"], instance["id"])
            for instance in self.instances.values()
            for ip in self.ipv4(instance)
        ]
        idle = [self._reserved_view(kept) for kept in self.reserved.values() if kept["linode_id"] is None]
        return answers.page(call, found + idle)

    def get(self, call: Call) -> Answer:
        wanted = call.arguments["ip"]
        for instance in self.instances.values():
            if wanted in self.ipv4(instance):
                return Answer(body=self._view(wanted, instance["region"], instance["id"]))
        return Answer(body=self._reserved_view(self._known(call)))

    def allocate(self, call: Call) -> Answer:
        asked = answers.content(call)
        if not answers.field(asked, "reserved", bool, False):
            raise answers.invalid(
                "Additional IPv4 addresses require technical justification. Please contact support "
                "describing your requirement."
            )
        return self.reserve(call)

    def reserve(self, call: Call) -> Answer:
        asked = answers.content(call)
        region = answers.field(asked, "region", str, "")
        if region not in catalogue.REGIONS:
            raise answers.invalid("region is not valid", "region")
        tables = ("digitalocean.reserved_ips", "linode.reserved_ips", "lightsail.static_ips")
        try:
            ip = self.fleet.reserve_address({ip for table in tables for ip in self.store.table(table)})
        except NoRoomError:
            raise answers.invalid("Reserved IP limit reached. Please open a support ticket.") from None
        self.reserved[ip] = {
            "ip": ip,
            "region": region,
            "linode_id": None,
            "tags": answers.texts(asked, "tags"),
        }
        return Answer(body=self._reserved_view(self.reserved[ip]))

    def release(self, call: Call) -> Answer:
        reserved = self._known(call)
        self._give(reserved, None)
        del self.reserved[reserved["ip"]]
        return Answer(body={})

    def assign(self, call: Call) -> Answer:
        asked = answers.content(call)
        for assignment in answers.field(asked, "assignments", list, []):
            reserved = self.reserved.get(assignment.get("address"))
            if reserved is None or reserved["region"] != asked.get("region"):
                raise answers.invalid("Address is not reserved by this account in this region", "assignments.address")
            self._give(reserved, self._instance(assignment.get("linode_id"), "assignments.linode_id"))
        return Answer(body={})

    def of_instance(self, call: Call) -> Answer:
        return Answer(body=self._all(self._linode(call)))

    def add_to_instance(self, call: Call) -> Answer:
        instance, asked = self._linode(call), answers.content(call)
        if answers.field(asked, "type", str, "") != "ipv4":
            raise answers.invalid("type must be ipv4", "type")
        if asked.get("address"):
            reserved = self.reserved.get(asked["address"])
            if reserved is None or reserved["region"] != instance["region"]:
                raise answers.invalid("Address is not reserved by this account in this region", "address")
            self._give(reserved, instance)
            return Answer(body=self._reserved_view(reserved))
        if answers.field(asked, "public", bool, True):
            return self.allocate(call)
        if instance["private"]:
            raise answers.invalid("Linode already has a private IP address.")
        instance["private"] = self.private()
        addresses = [*self.fleet.machine(instance["machine"])["addresses"], instance["private"]]
        self.fleet.set_addresses(instance["machine"], addresses)
        return Answer(body=self._view(instance["private"].partition("/")[0], instance["region"], instance["id"]))

    def free(self, instance: int) -> None:
        """Take the reserved addresses from a Linode that is deleted."""
        for reserved in self.reserved.values():
            if reserved["linode_id"] == instance:
                reserved["linode_id"] = None

    def give_reserved(self, wanted: list[str], instance: Document) -> None:
        """Give a new Linode reserved addresses."""
        for ip in wanted:
            self._give(self.reserved[ip], instance)

    def check_reserved(self, wanted: list[str], region: str) -> None:
        """Refusal (400) unless all these addresses are reserved, in the region, and nobody's."""
        for ip in wanted:
            found = self.reserved.get(ip)
            if found is None or found["region"] != region or found["linode_id"] is not None:
                raise answers.invalid(f"{ip} is not an unassigned reserved address of this region", "ipv4")

    def _give(self, reserved: Document, to: Document | None) -> None:
        before = self.instances.get(str(reserved["linode_id"]))
        ours = f"{reserved['ip']}/32"
        if before:
            addresses = self.fleet.machine(before["machine"])["addresses"]
            self.fleet.set_addresses(before["machine"], [address for address in addresses if address != ours])
        reserved["linode_id"] = to["id"] if to else None
        if to:
            self.fleet.set_addresses(to["machine"], [*self.fleet.machine(to["machine"])["addresses"], ours])

    def _all(self, instance: Document) -> Document:
        views = [self._view(ip, instance["region"], instance["id"]) for ip in self.ipv4(instance)]
        address = public_address_6(instance["machine"])
        common = {"linode_id": instance["id"], "prefix": 64, "rdns": None, "region": instance["region"], "type": "ipv6"}
        common |= {"gateway": "fe80::1", "subnet_mask": "ffff:ffff:ffff:ffff::"}
        return {
            "ipv4": {
                "public": [view for view in views if view["public"]],
                "private": [view for view in views if not view["public"]],
                "shared": [],
                # Those that are assigned stand among the public ones, as Linode shows them.
                "reserved": [],
                "vpc": [self._vpc_view(instance, each) for each in instance["interfaces"] if each["purpose"] == "vpc"],
            },
            "ipv6": {
                "slaac": {"address": address, "public": True, **common},
                "link_local": {"address": f"fe80::{address.rpartition(':')[2]}", "public": False, **common},
                "global": [],
                "vpc": [],
            },
        }

    def _vpc_view(self, instance: Document, interface: Document) -> Document:
        network = ipaddress.ip_interface(interface["address"]).network
        return {
            "address": interface["ipv4"]["vpc"],
            "address_range": None,
            "vpc_id": interface["vpc_id"],
            "subnet_id": interface["subnet_id"],
            "region": instance["region"],
            "linode_id": instance["id"],
            "config_id": instance["config"],
            "interface_id": interface["id"],
            "nodebalancer_id": None,
            "database_id": None,
            "active": True,
            "nat_1_1": interface["ipv4"].get("nat_1_1"),
            "gateway": str(network.network_address + 1),
            "prefix": network.prefixlen,
            "subnet_mask": str(network.netmask),
        }

    def _reserved_view(self, reserved: Document) -> Document:
        return self._view(reserved["ip"], reserved["region"], reserved["linode_id"]) | {"tags": reserved["tags"]}

    def _view(self, ip: str, region: str, linode: int | None) -> Document:
        private = ipaddress.ip_address(ip) in ipaddress.ip_network(PRIVATE_NETWORK)
        network: Any = ipaddress.ip_network(PRIVATE_NETWORK if private else names.SUBNET)
        instance = self.instances.get(str(linode))
        path = f"/v4/linode/instances/{linode}"
        entity = {"id": linode, "label": instance["label"], "type": "linode", "url": path} if instance else None
        return {
            "address": ip,
            "gateway": None if private else names.GATEWAY,
            "subnet_mask": str(network.netmask),
            "prefix": network.prefixlen,
            "type": "ipv4",
            "public": not private,
            "rdns": None if private else f"{ip.replace('.', '-')}.ip.linodeusercontent.com",
            "linode_id": linode,
            "interface_id": None,
            "region": region,
            "reserved": ip in self.reserved,
            "vpc_nat_1_1": None,
            "assigned_entity": entity,
        }

    def _instance(self, number: Any, field: str) -> Document:
        instance = self.instances.get(str(number))
        if instance is None:
            raise answers.invalid(f"Linode {number} does not exist", field)
        return instance

    def _linode(self, call: Call) -> Document:
        instance = self.instances.get(call.arguments["linode"])
        if instance is None:
            raise answers.not_found()
        return instance

    def _known(self, call: Call) -> Document:
        reserved = self.reserved.get(call.arguments["ip"])
        if reserved is None:
            raise answers.not_found()
        return reserved
