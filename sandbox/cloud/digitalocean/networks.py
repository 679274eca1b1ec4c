"""VPCs: private networks of a region; each region has a default one from the first use on."""

from __future__ import annotations

import ipaddress
import re

from sandbox.cloud.digitalocean import answers, catalogue
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store, identity, timestamp
from sandbox.cloud.web import Answer, Call, Refusal

NAME = re.compile(r"[a-zA-Z0-9\-.]+")
PRIVATE = tuple(ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# Ranges of networks for which none is asked for are taken from here.
GENERATED = ipaddress.ip_network("10.108.0.0/14")
SMALLEST, LARGEST, GENERATED_SIZE = 28, 16, 20


class Networks:
    """The account's VPCs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.vpcs")

    def routes(self) -> Routes:
        return {
            ("GET", "/v2/vpcs"): self.listing,
            ("POST", "/v2/vpcs"): self.create,
            ("GET", "/v2/vpcs/<vpc>"): self.get,
            ("PUT", "/v2/vpcs/<vpc>"): self.update,
            ("PATCH", "/v2/vpcs/<vpc>"): self.update,
            ("DELETE", "/v2/vpcs/<vpc>"): self.delete,
            ("GET", "/v2/vpcs/<vpc>/members"): self.members,
        }

    def for_droplet(self, wanted: str | None, region: str) -> Document:
        """The network of a new droplet: the one asked for, else the region's own. Refusal if it does not fit."""
        if wanted is None:
            for vpc in self.table.values():
                if vpc["region"] == region and vpc["default"]:
                    return vpc
            return self._make(f"default-{region}", region, self._free_range(), "", default=True)
        vpc = self.table.get(wanted)
        if vpc is None:
            raise answers.invalid("You specified an invalid VPC for Droplet creation.")
        if vpc["region"] != region:
            raise answers.invalid("The VPC must be in the same region as the Droplet.")
        return vpc

    def listing(self, call: Call) -> Answer:
        return answers.page(call, "vpcs", list(self.table.values()))

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        name, region = answers.field(asked, "name", str, ""), answers.field(asked, "region", str, "")
        if not NAME.fullmatch(name):
            raise answers.invalid("name may only contain alphanumeric characters, dashes, and periods")
        if any(vpc["name"] == name for vpc in self.table.values()):
            raise answers.conflict("A VPC with this name already exists")
        if region not in catalogue.open_regions():
            raise answers.invalid("region is invalid")
        asked_range = answers.field(asked, "ip_range", str)
        network = self._checked_range(asked_range) if asked_range else self._free_range()
        return Answer(201, {"vpc": self._make(name, region, network, answers.field(asked, "description", str, ""))})

    def get(self, call: Call) -> Answer:
        return Answer(body={"vpc": self._known(call)})

    def update(self, call: Call) -> Answer:
        vpc, asked = self._known(call), answers.content(call)
        name = answers.field(asked, "name", str, vpc["name"])
        if not NAME.fullmatch(name):
            raise answers.invalid("name may only contain alphanumeric characters, dashes, and periods")
        vpc |= {"name": name, "description": answers.field(asked, "description", str, vpc["description"])}
        if answers.field(asked, "default", bool, False):
            for other in self.table.values():
                other["default"] = other["default"] and other["region"] != vpc["region"]
            vpc["default"] = True
        return Answer(body={"vpc": vpc})

    def delete(self, call: Call) -> Answer:
        vpc = self._known(call)
        if vpc["default"]:
            raise Refusal(answers.error(403, "forbidden", "Can not delete default VPCs"))
        if self._droplets(vpc):
            raise Refusal(answers.error(403, "forbidden", "Can not delete VPC with members"))
        del self.table[vpc["id"]]
        return Answer(204)

    def members(self, call: Call) -> Answer:
        found = [
            {"name": droplet["name"], "urn": f"do:droplet:{droplet['id']}", "created_at": droplet["created_at"]}
            for droplet in self._droplets(self._known(call))
        ]
        return answers.page(call, "members", found)

    def _droplets(self, vpc: Document) -> list[Document]:
        droplets = self.store.table("digitalocean.droplets").values()
        return [droplet for droplet in droplets if droplet["vpc_uuid"] == vpc["id"]]

    def _make(self, name: str, region: str, network: str, description: str, default: bool = False) -> Document:
        number = identity()
        vpc = {
            "id": number,
            "urn": f"do:vpc:{number}",
            "name": name,
            "description": description,
            "region": region,
            "ip_range": network,
            "default": default,
            "created_at": timestamp(),
        }
        self.table[number] = vpc
        return vpc

    def _checked_range(self, asked: str) -> str:
        try:
            network = ipaddress.IPv4Network(asked)
        except ValueError:
            raise answers.invalid("ip_range is not a valid CIDR block") from None
        if not any(network.subnet_of(private) for private in PRIVATE):
            raise answers.invalid("ip_range must be a private range (RFC1918)")
        if not LARGEST <= network.prefixlen <= SMALLEST:
            raise answers.invalid("ip_range must be between /16 and /28 in size")
        for vpc in self.table.values():
            if network.overlaps(ipaddress.IPv4Network(vpc["ip_range"])):
                raise answers.invalid(
                    f"This range/size overlaps with another VPC network in your account: {vpc['ip_range']}"
                )
        return str(network)

    def _free_range(self) -> str:
        taken = [ipaddress.ip_network(vpc["ip_range"]) for vpc in self.table.values()]
        for network in GENERATED.subnets(new_prefix=GENERATED_SIZE):
            if not any(network.overlaps(other) for other in taken):
                return str(network)
        raise answers.invalid("no range is left for another VPC")

    def _known(self, call: Call) -> Document:
        vpc = self.table.get(call.arguments["vpc"])
        if vpc is None:
            raise answers.not_found()
        return vpc
