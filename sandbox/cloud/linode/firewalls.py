"""Cloud firewalls: kept and checked. The sandbox's network does not filter by them."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from typing import Any

from sandbox.cloud.linode import answers
from sandbox.cloud.linode.events import Events
from sandbox.cloud.linode.profile import Profile
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call

LABEL = re.compile(r"[a-zA-Z0-9](?:(?!--|__|\.\.)[a-zA-Z0-9._-]){1,30}[a-zA-Z0-9]")
POLICIES = ("ACCEPT", "DROP")
PROTOCOLS = ("TCP", "UDP", "ICMP", "IPENCAP")
MOST_RULES = 25
PORTS = re.compile(r"\d{1,5}(-\d{1,5})?")


class Firewalls:
    """The account's firewalls, their rules and the Linodes behind them."""

    def __init__(self, store: Store, profile: Profile, events: Events) -> None:
        self.store, self.profile, self.events = store, profile, events
        profile.views["firewall"] = view

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("linode.firewalls")

    def routes(self) -> Routes:
        one = "/v4/networking/firewalls/<firewall>"
        return {
            ("GET", "/v4/networking/firewalls"): self.listing,
            ("POST", "/v4/networking/firewalls"): self.create,
            ("GET", one): lambda call: Answer(body=view(self._known(call))),
            ("PUT", one): self.update,
            ("DELETE", one): self.delete,
            ("GET", f"{one}/rules"): lambda call: Answer(body=self._known(call)["rules"]),
            ("PUT", f"{one}/rules"): self.set_rules,
            ("GET", f"{one}/devices"): lambda call: answers.page(call, self._known(call)["devices"]),
            ("POST", f"{one}/devices"): self.add_device,
            ("GET", f"{one}/devices/<device>"): lambda call: Answer(body=self._device(call)),
            ("DELETE", f"{one}/devices/<device>"): self.remove_device,
        }

    def of(self, instance: int) -> list[Document]:
        """The firewalls before a Linode."""
        return [view(firewall) for firewall in self.table.values() if instance in _instances(firewall)]

    def attach(self, firewall: int, instance: Document) -> Document:
        """Put a firewall before a Linode. Refusal (400) if there is no such firewall, or the Linode has one."""
        found = self.table.get(str(firewall))
        if found is None:
            raise answers.invalid("Firewall not found", "firewall_id")
        if self.of(instance["id"]):
            raise answers.invalid("Linode is already assigned to a firewall", "id")
        number = self.store.number("linode.firewall_devices", 301)
        path = f"/v4/linode/instances/{instance['id']}"
        entity = {
            "id": instance["id"],
            "label": instance["label"],
            "type": "linode",
            "url": path,
            "parent_entity": None,
        }
        now = answers.moment()
        device = {"id": number, "created": now, "updated": now, "entity": entity}
        found["devices"].append(device)
        return device

    def detach(self, instance: int) -> None:
        """Take a Linode that is deleted from behind all firewalls."""
        for firewall in self.table.values():
            firewall["devices"] = [device for device in firewall["devices"] if device["entity"]["id"] != instance]

    def listing(self, call: Call) -> Answer:
        return answers.page(call, [view(firewall) for firewall in self.table.values()])

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        label = self._label(answers.field(asked, "label", str, ""))
        rules = checked_rules(answers.field(asked, "rules", dict, {}), "rules.")
        linodes = answers.field(asked, "devices", dict, {}).get("linodes", [])
        instances = [self._instance(number, "devices.linodes") for number in linodes]
        number = self.store.number("linode.firewalls", 201)
        now = answers.moment()
        firewall = {
            "id": number,
            "label": label,
            "status": "enabled",
            "created": now,
            "updated": now,
            "tags": self.profile.checked_tags(answers.texts(asked, "tags")),
            "rules": {**rules, "version": 1, "fingerprint": _fingerprint(rules)},
            "devices": [],
        }
        self.table[str(number)] = firewall
        for instance in instances:
            self.attach(number, instance)
        self.events.note("firewall_create", "firewall", number, label, "networking/firewalls")
        return Answer(body=view(firewall))

    def update(self, call: Call) -> Answer:
        firewall, asked = self._known(call), answers.content(call)
        if asked.get("label") not in (None, firewall["label"]):
            firewall["label"] = self._label(answers.field(asked, "label", str, ""))
        status = answers.field(asked, "status", str, firewall["status"])
        if status not in ("enabled", "disabled"):
            raise answers.invalid("status must be enabled or disabled", "status")
        tags = self.profile.checked_tags(answers.texts(asked, "tags")) if "tags" in asked else firewall["tags"]
        firewall |= {"status": status, "tags": tags, "updated": answers.moment()}
        return Answer(body=view(firewall))

    def delete(self, call: Call) -> Answer:
        del self.table[str(self._known(call)["id"])]
        return Answer(body={})

    def set_rules(self, call: Call) -> Answer:
        firewall = self._known(call)
        rules = checked_rules(answers.content(call), "")
        version = firewall["rules"]["version"] + 1
        firewall["rules"] = {**rules, "version": version, "fingerprint": _fingerprint(rules)}
        firewall["updated"] = answers.moment()
        return Answer(body=firewall["rules"])

    def add_device(self, call: Call) -> Answer:
        firewall, asked = self._known(call), answers.content(call)
        if answers.field(asked, "type", str, "") != "linode":
            raise answers.invalid("type must be linode, the only kind of device here", "type")
        instance = self._instance(answers.field(asked, "id", int), "id")
        return Answer(body=self.attach(firewall["id"], instance))

    def remove_device(self, call: Call) -> Answer:
        self._known(call)["devices"].remove(self._device(call))
        return Answer(body={})

    def _label(self, label: str) -> str:
        if not LABEL.fullmatch(label):
            raise answers.invalid("Length must be 3-32 characters: letters, numbers, and single - _ .", "label")
        if any(firewall["label"] == label for firewall in self.table.values()):
            raise answers.invalid("Label must be unique among your Cloud Firewalls", "label")
        return label

    def _instance(self, number: int | None, field: str) -> Document:
        instance = self.store.table("linode.instances").get(str(number))
        if instance is None:
            raise answers.invalid(f"Linode {number} does not exist", field)
        return instance

    def _device(self, call: Call) -> Document:
        for device in self._known(call)["devices"]:
            if str(device["id"]) == call.arguments["device"]:
                return device
        raise answers.not_found()

    def _known(self, call: Call) -> Document:
        firewall = self.table.get(call.arguments["firewall"])
        if firewall is None:
            raise answers.not_found()
        return firewall


def view(firewall: Document) -> Document:
    """A firewall as the API shows it."""
    shown = {name: value for name, value in firewall.items() if name != "devices"}
    return {**shown, "entities": [device["entity"] for device in firewall["devices"]]}


def checked_rules(asked: dict[str, Any], where: str) -> Document:
    """Rules as they are kept. Refusal (400) that says which field is wrong."""
    rules: Document = {}
    for direction in ("inbound", "outbound"):
        policy = asked.get(f"{direction}_policy")
        if policy not in POLICIES:
            raise answers.invalid(f"{direction}_policy must be ACCEPT or DROP", f"{where}{direction}_policy")
        given = answers.field(asked, direction, list, [])
        rules[direction] = [_checked_rule(rule, f"{where}{direction}[{place}]") for place, rule in enumerate(given)]
        rules[f"{direction}_policy"] = policy
    if len(rules["inbound"]) + len(rules["outbound"]) > MOST_RULES:
        raise answers.invalid(f"A firewall has at most {MOST_RULES} rules", where.rstrip("."))
    return rules


def _checked_rule(rule: Any, where: str) -> Document:
    if not isinstance(rule, dict) or rule.get("action") not in POLICIES:
        raise answers.invalid("action must be ACCEPT or DROP", f"{where}.action")
    if rule.get("protocol") not in PROTOCOLS:
        raise answers.invalid(f"protocol must be one of {', '.join(PROTOCOLS)}", f"{where}.protocol")
    ports = rule.get("ports")
    if ports and rule["protocol"] in ("ICMP", "IPENCAP"):
        raise answers.invalid("ports are not allowed for this protocol", f"{where}.ports")
    if ports and not all(PORTS.fullmatch(part.strip()) for part in str(ports).split(",")):
        raise answers.invalid("ports must be ports and ranges with commas between: 22, 80, 8000-9000", f"{where}.ports")
    addresses = rule.get("addresses") or {}
    if not addresses.get("ipv4") and not addresses.get("ipv6"):
        raise answers.invalid("Must contain at least one address", f"{where}.addresses")
    for family, kind in (("ipv4", ipaddress.IPv4Network), ("ipv6", ipaddress.IPv6Network)):
        for address in addresses.get(family) or []:
            try:
                kind(address, strict=False)
            except ValueError:
                raise answers.invalid(
                    f"Must be a valid {family.replace('ipv', 'IPv')} address or network", f"{where}.addresses.{family}"
                ) from None
    return rule


def _fingerprint(rules: Document) -> str:
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:8]


def _instances(firewall: Document) -> list[int]:
    return [device["entity"]["id"] for device in firewall["devices"]]
