"""Instances: made by a launch script, listed, shown, switched, deleted; and their ports and tags."""

from __future__ import annotations

from typing import Any

from sandbox.cloud.fleet import Fleet, NoRoomError, public_address, public_address_6
from sandbox.cloud.lightsail import catalogue
from sandbox.cloud.lightsail.operations import Operations, page, resource
from sandbox.cloud.lightsail.ports import PORTS_AT_FIRST, port_view
from sandbox.cloud.lightsail.protocol import invalid, not_found
from sandbox.cloud.seed import Seed
from sandbox.cloud.store import Document, Store, identity

USER = "admin"
PRIVATE_NETWORK = "172.26.0.0/20"
USER_DATA_BYTES = 16384
MOST_TAGS = 50
STATES = {"making": (0, "pending"), "running": (16, "running"), "off": (80, "stopped"), "failed": (48, "terminated")}
BUSY = {"off": (64, "stopping"), "on": (0, "pending"), "reboot": (16, "running")}


class Instances:
    """The account's instances, by region and name."""

    def __init__(self, store: Store, fleet: Fleet, operations: Operations) -> None:
        self.store, self.fleet, self.operations = store, fleet, operations

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("lightsail.instances")

    def handlers(self) -> dict[str, Any]:
        return {
            "CreateInstances": self.create,
            "GetInstances": self.listing,
            "GetInstance": self.get,
            "GetInstanceState": self.state,
            "DeleteInstance": self.delete,
            "StartInstance": self.start,
            "StopInstance": self.stop,
            "RebootInstance": self.reboot,
            "SetIpAddressType": self.set_address_type,
        }

    def known(self, region: str, name: str) -> Document:
        """An instance. Refusal if there is none of that name in the region."""
        instance = self.table.get(f"{region}/{name}")
        if instance is None:
            raise not_found(f"Instance {name}")
        return instance

    def view(self, instance: Document) -> Document:
        """An instance as the API shows it."""
        region, name = instance["location"]["regionName"], instance["name"]
        bundle = next(each for each in catalogue.bundles(region) if each["bundleId"] == instance["bundleId"])
        code, state = self._state(instance)
        own = ("machine", "privateAddress", "ports", "work", "kind")
        shown = {key: value for key, value in instance.items() if key not in own}
        static = self.static_address(region, name)
        disks = [
            {key: value for key, value in disk.items() if key not in ("addOns", "region")}
            for disk in self.store.table("lightsail.disks").values()
            if disk.get("attachedTo") == name and disk["location"]["regionName"] == region
        ]
        system = {**resource(region, f"{name}-system", "Disk"), "createdAt": instance["createdAt"]}
        system |= {"sizeInGb": bundle["diskSizeInGb"], "isSystemDisk": True, "path": "/dev/xvda", "iops": 100}
        shown |= {
            "isStaticIp": bool(static),
            "hardware": {
                "cpuCount": bundle["cpuCount"],
                "disks": [{**system, "attachedTo": name, "attachmentState": "attached"}, *disks],
                "ramSizeInGb": bundle["ramSizeInGb"],
            },
            "networking": {
                "monthlyTransfer": {"gbPerMonthAllocated": bundle["transferPerMonthInGb"]},
                "ports": [port_view(port) for port in instance["ports"]],
            },
            "state": {"code": code, "name": state},
        }
        if state not in ("pending", "terminated"):
            shown["privateIpAddress"] = instance["privateAddress"].partition("/")[0]
            if instance["ipAddressType"] != "ipv6" and (static or state == "running"):
                shown["publicIpAddress"] = static or public_address(instance["machine"])
            if instance["ipAddressType"] != "ipv4":
                shown["ipv6Addresses"] = [public_address_6(instance["machine"])]
        return shown

    def static_address(self, region: str, name: str) -> str:
        """The static address of an instance; empty if it has none."""
        for address, static in self.store.table("lightsail.static_ips").items():
            if static.get("attachedTo") == name and static["location"]["regionName"] == region:
                return address
        return ""

    def _state(self, instance: Document) -> tuple[int, str]:
        if instance["work"] and self.fleet.work(instance["work"])["state"] == "running":
            return BUSY[instance["kind"]]
        return STATES[self.fleet.machine(instance["machine"])["state"]]

    def create(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        names = asked["instanceNames"]
        if not names:
            raise invalid("At least one instance name is required")
        if not catalogue.has_zone(region, asked["availabilityZone"]):
            raise invalid(f"Invalid availability zone. Actual: {asked['availabilityZone']} region: {region}")
        if taken := [name for name in names if f"{region}/{name}" in self.table]:
            raise invalid(f"Some names are already in use: {', '.join(taken)}")
        if asked["blueprintId"] not in catalogue.DEBIAN:
            raise invalid(f"Blueprint {asked['blueprintId']} is not valid")
        bundle = next((each for each in catalogue.bundles(region) if each["bundleId"] == asked["bundleId"]), None)
        if bundle is None:
            raise invalid(f"Bundle {asked['bundleId']} is not valid in this region")
        if bundle["supportedPlatforms"] != ["LINUX_UNIX"]:
            raise invalid(f"Blueprint {asked['blueprintId']} does not run on bundle {asked['bundleId']}")
        address_type = asked.get("ipAddressType", "dualstack")
        if (address_type == "ipv6") != (bundle["publicIpv4AddressCount"] == 0):
            raise invalid(f"Bundle {asked['bundleId']} does not go with the IP address type {address_type}")
        script = asked.get("userData", "")
        if len(script.encode()) > USER_DATA_BYTES:
            raise invalid(f"The user data is longer than {USER_DATA_BYTES} bytes")
        tags = checked_tags(asked.get("tags", []))
        key = asked.get("keyPairName")
        keys = self.store.table("lightsail.keys")
        if key and f"{region}/{key}" not in keys:
            raise not_found(f"KeyPair {key}")
        public = [keys[f"{region}/{key}"]["publicKey"]] if key else []
        made = [self._make(region, name, asked, tags, script, public) for name in names]
        return {"operations": [self._note(instance, "CreateInstance", instance["create"]) for instance in made]}

    def _make(
        self, region: str, name: str, asked: dict[str, Any], tags: list[Document], script: str, keys: list[str]
    ) -> Document:
        # Lightsail runs the launch script as one: it takes no other kind of user data.
        script = script if not script or script.startswith("#!") else f"#!/bin/sh\n{script}"
        seed = Seed(f"i-{identity().replace('-', '')[:17]}", name, script, keys, USER)
        try:
            private = self.fleet.private_address(PRIVATE_NETWORK, "lightsail")
            machine = self.fleet.create("lightsail", seed, catalogue.DEBIAN[asked["blueprintId"]], [private])
        except NoRoomError:
            raise invalid("Sorry, you've reached your maximum limit of Lightsail Instances.") from None
        instance = {
            **resource(region, name, "Instance", asked["availabilityZone"]),
            "tags": tags,
            "blueprintId": asked["blueprintId"],
            "blueprintName": "Debian",
            "bundleId": asked["bundleId"],
            "addOns": [add_on(request) for request in asked.get("addOns", [])],
            "ipAddressType": asked.get("ipAddressType", "dualstack"),
            "username": USER,
            "sshKeyName": asked.get("keyPairName") or "LightsailDefaultKeyPair",
            "machine": machine["number"],
            "privateAddress": private,
            "ports": [dict(port) for port in PORTS_AT_FIRST],
            "work": None,
            "kind": "",
        }
        self.table[f"{region}/{name}"] = instance
        return {**instance, "create": machine["work"]}

    def listing(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        found = [
            self.view(instance)
            for instance in self.table.values()
            if instance["location"]["regionName"] == region and self.fleet.listed(instance["machine"])
        ]
        return page(asked, "instances", found)

    def get(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        return {"instance": self.view(self.known(region, asked["instanceName"]))}

    def state(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        code, name = self._state(self.known(region, asked["instanceName"]))
        return {"state": {"code": code, "name": name}}

    def delete(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance = self.known(region, asked["instanceName"])
        if instance["addOns"] and not asked.get("forceDeleteAddOns"):
            raise invalid("The instance has add-ons: disable them first, or use forceDeleteAddOns")
        del self.table[f"{region}/{instance['name']}"]
        for table in ("lightsail.static_ips", "lightsail.disks"):
            for found in self.store.table(table).values():
                if (found.get("attachedTo"), found["location"]["regionName"]) == (instance["name"], region):
                    found |= {"isAttached": False}
                    del found["attachedTo"]
                    if table == "lightsail.disks":
                        found |= {"state": "available", "attachmentState": "detached"}
        work = self.fleet.destroy(instance["machine"])
        return {"operations": [self._note(instance, "DeleteInstance", work)]}

    def start(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance = self._in_state(region, asked, "stopped")
        return self._work(instance, "on", "StartInstance", self.fleet.power_on(instance["machine"]))

    def stop(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance = self._in_state(region, asked, "running")
        work = self.fleet.power_off(instance["machine"], at_once=bool(asked.get("force")))
        return self._work(instance, "off", "StopInstance", work)

    def reboot(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance = self._in_state(region, asked, "running")
        return self._work(instance, "reboot", "RebootInstance", self.fleet.reboot(instance["machine"]))

    def set_address_type(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["resourceType"] != "Instance":
            raise invalid("The sandbox sets the IP address type of instances alone")
        instance = self.known(region, asked["resourceName"])
        instance["ipAddressType"] = asked["ipAddressType"]
        return {"operations": [self._note(instance, "SetIpAddressType", None)]}

    def _in_state(self, region: str, asked: dict[str, Any], wanted: str) -> Document:
        instance = self.known(region, asked["instanceName"])
        state = self._state(instance)[1]
        if state != wanted:
            raise invalid(f"The instance {instance['name']} is {state}, and has to be {wanted}")
        return instance

    def _work(self, instance: Document, kind: str, operation: str, work: str) -> dict[str, Any]:
        instance |= {"work": work, "kind": kind}
        return {"operations": [self._note(instance, operation, work)]}

    def _note(self, instance: Document, kind: str, work: str | None) -> dict[str, Any]:
        return self.operations.note(instance["location"]["regionName"], kind, instance, work)


def checked_tags(tags: list[Document]) -> list[Document]:
    """Tags of a request. Refusal if there are too many, or two have the same key."""
    if len(tags) > MOST_TAGS or len({tag.get("key") for tag in tags}) < len(tags):
        raise invalid(f"A resource has at most {MOST_TAGS} tags, each with a key of its own")
    return tags


def add_on(request: dict[str, Any]) -> dict[str, Any]:
    """An add-on as a resource shows it."""
    if request["addOnType"] != "AutoSnapshot":
        raise invalid("The sandbox has no add-ons but AutoSnapshot")
    time_of_day = (request.get("autoSnapshotAddOnRequest") or {}).get("snapshotTimeOfDay", "06:00")
    return {
        "name": "AutoSnapshot",
        "status": "Enabled",
        "snapshotTimeOfDay": time_of_day,
        "nextSnapshotTimeOfDay": time_of_day,
    }
