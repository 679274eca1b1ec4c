"""Cloud firewalls: kept and checked. The sandbox's network does not filter by them."""

from __future__ import annotations

import ipaddress
import re
import time
from typing import Any

from sandbox.cloud.digitalocean import answers
from sandbox.cloud.digitalocean.droplets import Droplets
from sandbox.cloud.digitalocean.tags import Tags
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store, identity, timestamp
from sandbox.cloud.web import Answer, Call

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.\-]+")
PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
TARGETS = ("addresses", "droplet_ids", "load_balancer_uids", "kubernetes_ids", "tags")
# A change reaches the droplets a moment later.
APPLIED_AFTER_SECONDS = 1.0


class Firewalls:
    """The account's firewalls."""

    def __init__(self, store: Store, droplets: Droplets, tags: Tags) -> None:
        self.store, self.droplets, self.tags = store, droplets, tags

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.firewalls")

    def routes(self) -> Routes:
        one = "/v2/firewalls/<firewall>"
        return {
            ("GET", "/v2/firewalls"): self.listing,
            ("POST", "/v2/firewalls"): self.create,
            ("GET", one): self.get,
            ("PUT", one): self.update,
            ("DELETE", one): self.delete,
            ("POST", f"{one}/droplets"): lambda call: self._members(call, "droplet_ids", True),
            ("DELETE", f"{one}/droplets"): lambda call: self._members(call, "droplet_ids", False),
            ("POST", f"{one}/tags"): lambda call: self._members(call, "tags", True),
            ("DELETE", f"{one}/tags"): lambda call: self._members(call, "tags", False),
            ("POST", f"{one}/rules"): lambda call: self._rules(call, True),
            ("DELETE", f"{one}/rules"): lambda call: self._rules(call, False),
            ("GET", "/v2/droplets/<droplet>/firewalls"): self.of_droplet,
        }

    def view(self, firewall: Document) -> Document:
        """A firewall as the API shows it."""
        shown = {name: value for name, value in firewall.items() if name != "changed"}
        waiting = time.time() - firewall["changed"] < APPLIED_AFTER_SECONDS
        pending = [
            {"droplet_id": number, "removing": False, "status": "waiting"}
            for number in firewall["droplet_ids"]
            if waiting
        ]
        return {**shown, "status": "waiting" if pending else "succeeded", "pending_changes": pending}

    def listing(self, call: Call) -> Answer:
        return answers.page(call, "firewalls", [self.view(firewall) for firewall in self.table.values()])

    def of_droplet(self, call: Call) -> Answer:
        droplet = self.droplets.known(call)
        found = [
            self.view(firewall)
            for firewall in self.table.values()
            if droplet["id"] in firewall["droplet_ids"] or set(firewall["tags"]) & set(droplet["tags"])
        ]
        return answers.page(call, "firewalls", found)

    def create(self, call: Call) -> Answer:
        described = self._checked(answers.content(call))
        firewall = {"id": identity(), **described, "created_at": timestamp(), "changed": time.time()}
        self.table[firewall["id"]] = firewall
        return Answer(202, {"firewall": self.view(firewall)})

    def get(self, call: Call) -> Answer:
        return Answer(body={"firewall": self.view(self._known(call))})

    def update(self, call: Call) -> Answer:
        firewall = self._known(call)
        firewall |= {**self._checked(answers.content(call), firewall["id"]), "changed": time.time()}
        return Answer(body={"firewall": self.view(firewall)})

    def delete(self, call: Call) -> Answer:
        del self.table[self._known(call)["id"]]
        return Answer(204)

    def _checked(self, asked: dict[str, Any], own: str = "") -> Document:
        name = answers.field(asked, "name", str, "")
        if not NAME.fullmatch(name):
            raise answers.invalid("name must begin with an alphanumeric character and contain only those, '.' and '-'")
        if any(firewall["name"] == name and firewall["id"] != own for firewall in self.table.values()):
            raise answers.conflict("duplicate name")
        inbound = self._checked_rules(asked, "inbound_rules", "sources")
        outbound = self._checked_rules(asked, "outbound_rules", "destinations")
        if not inbound and not outbound:
            raise answers.invalid("must have at least one rule")
        return {
            "name": name,
            "inbound_rules": inbound,
            "outbound_rules": outbound,
            "droplet_ids": self._checked_droplets(asked),
            "tags": self._checked_tags(answers.texts(asked, "tags")),
        }

    def _checked_rules(self, asked: dict[str, Any], name: str, target: str) -> list[Document]:
        return [self._checked_rule(rule, name, target) for rule in answers.field(asked, name, list, [])]

    def _checked_rule(self, rule: Any, name: str, target: str) -> Document:
        protocol = rule.get("protocol") if isinstance(rule, dict) else None
        if protocol not in ("tcp", "udp", "icmp"):
            raise answers.invalid(f"{name}: protocol must be tcp, udp or icmp")
        ports = answers.field(rule, "ports", str, "0" if protocol == "icmp" else "")
        found = PORTS.fullmatch("0" if ports == "all" else ports)
        if not found or any(int(port) > 65535 for port in found.groups(default="0")):
            raise answers.invalid(f"{name}: ports must be a port, a range (8000-9000) or 0 for all")
        others = answers.field(rule, target, dict)
        if not others or set(others) - set(TARGETS):
            raise answers.invalid(f"{name}: {target} is required")
        for address in answers.texts(others, "addresses"):
            try:
                ipaddress.ip_network(address, strict=False)
            except ValueError:
                raise answers.invalid(f"{name}: {address} is not a valid address") from None
        self._checked_tags(answers.texts(others, "tags"))
        self._checked_droplets(others)
        # All ports are written as 0.
        return {"protocol": protocol, "ports": found.group(0), target: others}

    def _checked_droplets(self, asked: dict[str, Any]) -> list[int]:
        numbers = answers.texts(asked, "droplet_ids", (int,))
        if missing := [number for number in numbers if str(number) not in self.droplets.table]:
            raise answers.invalid(f"droplet {missing[0]} was not found")
        return numbers

    def _checked_tags(self, wanted: list[str]) -> list[str]:
        if missing := [tag for tag in wanted if tag.lower() not in self.tags.table]:
            raise answers.invalid(f"tag {missing[0]} does not exist")
        return wanted

    def _members(self, call: Call, name: str, add: bool) -> Answer:
        firewall, asked = self._known(call), answers.content(call)
        if name not in asked:
            raise answers.invalid(f"{name} is required")
        given = self._checked_droplets(asked) if name == "droplet_ids" else self._checked_tags(asked[name])
        left = [member for member in firewall[name] if member not in given]
        firewall |= {name: [*left, *given] if add else left, "changed": time.time()}
        return Answer(204)

    def _rules(self, call: Call, add: bool) -> Answer:
        firewall, asked = self._known(call), answers.content(call)
        for name, target in (("inbound_rules", "sources"), ("outbound_rules", "destinations")):
            given = self._checked_rules(asked, name, target)
            left = [rule for rule in firewall[name] if rule not in given]
            firewall[name] = [*left, *given] if add else left
        firewall["changed"] = time.time()
        return Answer(204)

    def _known(self, call: Call) -> Document:
        firewall = self.table.get(call.arguments["firewall"])
        if firewall is None:
            raise answers.not_found()
        return firewall
