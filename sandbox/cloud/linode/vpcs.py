"""VPCs and their subnets: private networks, in which a Linode has an address by an interface."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from sandbox.cloud.linode import answers, catalogue
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call

LABEL = re.compile(r"[a-zA-Z0-9](?:(?!--)[a-zA-Z0-9-]){0,62}[a-zA-Z0-9]|[a-zA-Z0-9]")
PRIVATE = tuple(ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# As every VPC shows them: they leave out the range of the older private addresses.
RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/17")
OTHERS = ipaddress.ip_network("192.168.128.0/17")
SMALLEST, LARGEST = 29, 1


class Vpcs:
    """The account's VPCs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("linode.vpcs")

    def routes(self) -> Routes:
        subnets = "/v4/vpcs/<vpc>/subnets"
        return {
            ("GET", "/v4/vpcs"): lambda call: answers.page(call, map(self.view, self.table.values())),
            ("POST", "/v4/vpcs"): self.create,
            ("GET", "/v4/vpcs/<vpc>"): lambda call: Answer(body=self.view(self._known(call))),
            ("PUT", "/v4/vpcs/<vpc>"): self.update,
            ("DELETE", "/v4/vpcs/<vpc>"): self.delete,
            ("GET", subnets): lambda call: answers.page(call, self.view(self._known(call))["subnets"]),
            ("POST", subnets): self.create_subnet,
            ("GET", f"{subnets}/<subnet>"): lambda call: Answer(body=self._subnet_view(self._known_subnet(call))),
            ("PUT", f"{subnets}/<subnet>"): self.update_subnet,
            ("DELETE", f"{subnets}/<subnet>"): self.delete_subnet,
        }

    def subnet(self, wanted: Any, region: str) -> tuple[Document, Document]:
        """A VPC and its subnet of that number. Refusal (400) if there is none in the region."""
        for vpc in self.table.values():
            for subnet in vpc["subnets"]:
                if subnet["id"] == wanted and vpc["region"] == region:
                    return vpc, subnet
        raise answers.invalid("Subnet does not exist, or is in another region", "interfaces.subnet_id")

    def view(self, vpc: Document) -> Document:
        """A VPC as the API shows it."""
        ranges = [{"range": network} for network in RANGES]
        subnets = [self._subnet_view(subnet) for subnet in vpc["subnets"]]
        return {**vpc, "vpc_type": "regular", "ipv4": ranges, "subnets": subnets}

    def _subnet_view(self, subnet: Document) -> Document:
        linodes = [
            {
                "id": instance["id"],
                "interfaces": [{"id": interface["id"], "active": True, "config_id": instance["config"]}],
            }
            for instance in self.store.table("linode.instances").values()
            for interface in instance["interfaces"]
            if interface.get("subnet_id") == subnet["id"]
        ]
        return {**subnet, "linodes": linodes, "databases": [], "nodebalancers": [], "vpc_type": "regular"}

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        region = answers.field(asked, "region", str, "")
        if region not in catalogue.REGIONS:
            raise answers.invalid("region is not valid", "region")
        if "VPCs" not in catalogue.region(region)["capabilities"]:
            raise answers.invalid("VPCs are not available in this region", "region")
        label = self._label(asked, self.table.values(), "VPCs")
        subnets: list[Document] = []
        for place, given in enumerate(answers.field(asked, "subnets", list, [])):
            subnets.append(self._subnet(given, subnets, f"subnets[{place}]."))
        now = answers.moment()
        vpc = {
            "id": self.store.number("linode.vpcs", 501),
            "label": label,
            "description": answers.field(asked, "description", str, ""),
            "region": region,
            "ipv6": None,
            "subnets": subnets,
            "created": now,
            "updated": now,
        }
        self.table[str(vpc["id"])] = vpc
        return Answer(body=self.view(vpc))

    def update(self, call: Call) -> Answer:
        vpc, asked = self._known(call), answers.content(call)
        if asked.get("label") not in (None, vpc["label"]):
            vpc["label"] = self._label(asked, self.table.values(), "VPCs")
        description = answers.field(asked, "description", str, vpc["description"])
        vpc |= {"description": description, "updated": answers.moment()}
        return Answer(body=self.view(vpc))

    def delete(self, call: Call) -> Answer:
        vpc = self._known(call)
        if any(subnet["linodes"] for subnet in self.view(vpc)["subnets"]):
            raise answers.invalid("VPC has Linodes in it: remove their interfaces first")
        del self.table[str(vpc["id"])]
        return Answer(body={})

    def create_subnet(self, call: Call) -> Answer:
        vpc = self._known(call)
        subnet = self._subnet(answers.content(call), vpc["subnets"], "")
        vpc["subnets"].append(subnet)
        return Answer(body=self._subnet_view(subnet))

    def update_subnet(self, call: Call) -> Answer:
        subnet = self._known_subnet(call)
        subnet["label"] = self._label(answers.content(call), (), "subnets")
        return Answer(body=self._subnet_view(subnet))

    def delete_subnet(self, call: Call) -> Answer:
        vpc, subnet = self._known(call), self._known_subnet(call)
        if self._subnet_view(subnet)["linodes"]:
            raise answers.invalid("Subnet has Linodes in it: remove their interfaces first")
        vpc["subnets"].remove(subnet)
        return Answer(body={})

    def _label(self, asked: dict[str, Any], others: Any, what: str) -> str:
        label = answers.field(asked, "label", str, "")
        if not LABEL.fullmatch(label):
            raise answers.invalid("Length must be 1-64 characters: letters, numbers and single dashes", "label")
        if any(other["label"] == label for other in others):
            raise answers.invalid(f"Label must be unique among your {what}", "label")
        return label

    def _subnet(self, asked: dict[str, Any], others: list[Document], where: str) -> Document:
        label = self._label(asked, others, "VPC's subnets")
        try:
            network = ipaddress.IPv4Network(answers.field(asked, "ipv4", str, ""))
        except ValueError:
            raise answers.invalid("Must be an IPv4 network", f"{where}ipv4") from None
        good = any(network.subnet_of(private) for private in PRIVATE) and not network.overlaps(OTHERS)
        if not good or not LARGEST <= network.prefixlen <= SMALLEST:
            raise answers.invalid(
                f"Must be a private network (RFC1918) of /{SMALLEST} or larger, and not in {OTHERS}", f"{where}ipv4"
            )
        if any(network.overlaps(ipaddress.IPv4Network(other["ipv4"])) for other in others):
            raise answers.invalid("Must not overlap with the VPC's other subnets", f"{where}ipv4")
        now = answers.moment()
        number = self.store.number("linode.subnets", 601)
        return {"id": number, "label": label, "ipv4": str(network), "ipv6": None, "created": now, "updated": now}

    def _known_subnet(self, call: Call) -> Document:
        for subnet in self._known(call)["subnets"]:
            if str(subnet["id"]) == call.arguments["subnet"]:
                return subnet
        raise answers.not_found()

    def _known(self, call: Call) -> Document:
        vpc = self.table.get(call.arguments["vpc"])
        if vpc is None:
            raise answers.not_found()
        return vpc
