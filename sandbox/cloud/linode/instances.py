"""Linodes: made, listed, shown, changed, deleted."""

from __future__ import annotations

import base64
import binascii
import re
import time
from typing import Any

from sandbox.cloud.fleet import Fleet, NoRoomError, public_address_6
from sandbox.cloud.linode import answers, catalogue
from sandbox.cloud.linode.addresses import Addresses
from sandbox.cloud.linode.events import Events
from sandbox.cloud.linode.firewalls import Firewalls
from sandbox.cloud.linode.interfaces import Interfaces
from sandbox.cloud.linode.profile import Profile, check_key
from sandbox.cloud.linode.volumes import Volumes
from sandbox.cloud.router import Routes
from sandbox.cloud.seed import Seed
from sandbox.cloud.store import Document, Store, identity
from sandbox.cloud.web import Answer, Call

LABEL = re.compile(r"[a-zA-Z0-9](?:(?!--|__|\.\.)[a-zA-Z0-9._-]){1,62}[a-zA-Z0-9]")
USER_DATA_BYTES = 16384
SHORTEST_PASSWORD, LONGEST_PASSWORD, PASSWORD_KINDS = 11, 128, 3
# What a Linode is called while something is done to it.
BUSY = {"off": "shutting_down", "on": "booting", "reboot": "rebooting", "resize": "resizing"}
STATUS = {"making": "booting", "running": "running", "off": "offline", "failed": "offline"}
PROVISIONING_SECONDS = 0.3
ALERTS = {
    **{"cpu": 180, "network_in": 10, "network_out": 10, "transfer_quota": 80, "io": 10000},
    **{"system_alerts": [], "user_alerts": []},
}


class Instances:
    """The account's Linodes."""

    def __init__(
        self,
        store: Store,
        fleet: Fleet,
        profile: Profile,
        events: Events,
        firewalls: Firewalls,
        volumes: Volumes,
        addresses: Addresses,
        interfaces: Interfaces,
    ) -> None:
        self.store, self.fleet, self.profile, self.events = store, fleet, profile, events
        self.firewalls, self.volumes = firewalls, volumes
        self.addresses, self.interfaces = addresses, interfaces
        profile.views["linode"] = self.view

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("linode.instances")

    def routes(self) -> Routes:
        one = "/v4/linode/instances/<linode>"
        return {
            ("GET", "/v4/linode/instances"): self.listing,
            ("POST", "/v4/linode/instances"): self.create,
            ("GET", one): lambda call: Answer(body=self.view(self.known(call))),
            ("PUT", one): self.update,
            ("DELETE", one): self.delete,
            ("GET", f"{one}/firewalls"): lambda call: answers.page(call, self.firewalls.of(self.known(call)["id"])),
            ("GET", f"{one}/volumes"): lambda call: answers.page(call, self.volumes.of(self.known(call)["id"])),
            ("GET", f"{one}/configs"): lambda call: answers.page(call, [self.interfaces.config(self.known(call))]),
        }

    def view(self, instance: Document) -> Document:
        """A Linode as the API shows it."""
        kind = catalogue.kind(instance["type"])
        specs = ("disk", "memory", "vcpus", "gpus", "transfer")
        backups = {
            "enabled": instance["backups"],
            "available": False,
            "schedule": {"day": None, "window": None},
            "last_successful": None,
        }
        return {
            "id": instance["id"],
            "label": instance["label"],
            "group": "",
            "status": self.status(instance),
            "created": instance["created"],
            "updated": instance["updated"],
            "type": instance["type"],
            "ipv4": self.addresses.ipv4(instance),
            "ipv6": f"{public_address_6(instance['machine'])}/128",
            "image": instance["image"],
            "region": instance["region"],
            "site_type": "core",
            "specs": {name: kind[name] for name in specs} | {"accelerated_devices": 0},
            "alerts": ALERTS,
            "backups": backups,
            "hypervisor": "kvm",
            "watchdog_enabled": True,
            "tags": instance["tags"],
            "host_uuid": instance["host"],
            "has_user_data": instance["has_user_data"],
            "placement_group": None,
            "disk_encryption": "enabled",
            "lke_cluster_id": None,
            "capabilities": ["Block Storage Encryption"],
            "interface_generation": "legacy_config",
            "maintenance_policy": "linode/migrate",
            "locks": [],
        }

    def status(self, instance: Document) -> str:
        """What a Linode does at the moment."""
        machine, work = self.fleet.machine(instance["machine"]), instance["busy"]
        if work and self.fleet.work(work["work"])["state"] == "running":
            return BUSY[work["kind"]]
        if machine["state"] == "making" and time.time() - machine["made"] < PROVISIONING_SECONDS:
            return "provisioning"
        return STATUS[machine["state"]]

    def listing(self, call: Call) -> Answer:
        listed = [self.view(found) for found in self.table.values() if self.fleet.listed(found["machine"])]
        return answers.page(call, listed)

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        region, kind = answers.field(asked, "region", str, ""), answers.field(asked, "type", str, "")
        if region not in catalogue.REGIONS:
            raise answers.invalid("region is not valid", "region")
        try:
            catalogue.kind(kind)
        except KeyError:
            raise answers.invalid("A valid plan type by that ID was not found", "type") from None
        number = self.store.number("linode.instances", 7590910)
        label = self._label(asked.get("label") or f"linode{number}")
        image = answers.field(asked, "image", str)
        if image not in catalogue.DEBIAN:
            # An empty Linode would have no system to start.
            raise answers.invalid("image is not valid", "image")
        keys = self._keys(asked)
        user_data = self._user_data(asked, region)
        tags = self.profile.checked_tags(answers.texts(asked, "tags"))
        firewall = answers.field(asked, "firewall_id", int)
        if firewall is not None and str(firewall) not in self.firewalls.table:
            raise answers.invalid("Firewall not found", "firewall_id")
        reserved = answers.texts(asked, "ipv4")
        self.addresses.check_reserved(reserved, region)
        try:
            interfaces = self.interfaces.checked(asked, region)
            private = self.addresses.private() if answers.field(asked, "private_ip", bool, False) else None
            more = [interface["address"] for interface in interfaces if "address" in interface]
            seed = Seed(str(number), label, user_data, keys)
            machine = self.fleet.create(
                "linode", seed, catalogue.DEBIAN[image], [*([private] if private else []), *more]
            )
        except NoRoomError:
            raise answers.invalid("Account Limit reached. Please open a support ticket.") from None
        now = answers.moment()
        instance = {
            "id": number,
            "label": label,
            "machine": machine["number"],
            "region": region,
            "type": kind,
            "image": image,
            "tags": tags,
            "backups": answers.field(asked, "backups_enabled", bool, False),
            "has_user_data": bool(user_data),
            "host": identity().replace("-", ""),
            "private": private,
            "interfaces": interfaces,
            "config": self.store.number("linode.configs", 801),
            "busy": None,
            "created": now,
            "updated": now,
        }
        self.table[str(number)] = instance
        self.addresses.give_reserved(reserved, instance)
        if firewall is not None:
            self.firewalls.attach(firewall, instance)
        for action in ("linode_create", "linode_boot"):
            self.events.note(action, "linode", number, label, "linode/instances", machine["work"])
        return Answer(body=self.view(instance))

    def update(self, call: Call) -> Answer:
        instance, asked = self.known(call), answers.content(call)
        if asked.get("label") not in (None, instance["label"]):
            instance["label"] = self._label(asked["label"])
        if "tags" in asked:
            instance["tags"] = self.profile.checked_tags(answers.texts(asked, "tags"))
        instance["updated"] = answers.moment()
        return Answer(body=self.view(instance))

    def delete(self, call: Call) -> Answer:
        instance = self.known(call)
        del self.table[str(instance["id"])]
        self.firewalls.detach(instance["id"])
        self.volumes.detach_all(instance["id"])
        self.addresses.free(instance["id"])
        work = self.fleet.destroy(instance["machine"])
        self.events.note("linode_delete", "linode", instance["id"], instance["label"], "linode/instances", work)
        return Answer(body={})

    def _label(self, label: Any) -> str:
        if not isinstance(label, str) or not LABEL.fullmatch(label):
            raise answers.invalid("Length must be 3-64 characters: letters, numbers, and single - _ .", "label")
        if any(instance["label"] == label for instance in self.table.values()):
            raise answers.invalid("Label must be unique among your linodes", "label")
        return label

    def _keys(self, asked: dict[str, Any]) -> list[str]:
        password = answers.field(asked, "root_pass", str)
        if password is not None:
            kinds = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
            strong = sum(bool(re.search(kind, password)) for kind in kinds) >= PASSWORD_KINDS
            if not strong or not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
                raise answers.invalid("Password does not meet strength requirements.", "root_pass")
        keys = answers.texts(asked, "authorized_keys")
        for key in keys:
            check_key(key, "authorized_keys")
        users = answers.texts(asked, "authorized_users")
        if password is None and not keys and not users:
            raise answers.invalid("Must provide valid root_pass, authorized_keys, or authorized_users")
        return [*keys, *self.profile.users_keys(users)]

    def _user_data(self, asked: dict[str, Any], region: str) -> str:
        given = answers.field(answers.field(asked, "metadata", dict, {}), "user_data", str)
        if given is None:
            return ""
        if "Metadata" not in catalogue.region(region)["capabilities"]:
            raise answers.invalid("Metadata is not available in this region", "metadata.user_data")
        try:
            decoded = base64.b64decode(given, validate=True)
        except binascii.Error:
            raise answers.invalid("user_data must be base64 encoded", "metadata.user_data") from None
        if len(decoded) > USER_DATA_BYTES:
            raise answers.invalid(f"Length must be at most {USER_DATA_BYTES} bytes", "metadata.user_data")
        return decoded.decode(errors="replace")

    def known(self, call: Call) -> Document:
        """The Linode that a call names. Refusal (404) if there is none."""
        instance = self.table.get(call.arguments["linode"])
        if instance is None:
            raise answers.not_found()
        return instance
