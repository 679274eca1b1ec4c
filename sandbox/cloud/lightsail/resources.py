"""What else an account has: key pairs, static addresses, disks, tags, add-ons."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any

from sandbox.cloud.digitalocean.keys import fingerprint
from sandbox.cloud.fleet import NoRoomError
from sandbox.cloud.lightsail import catalogue
from sandbox.cloud.lightsail.instances import Instances, add_on, checked_tags
from sandbox.cloud.lightsail.operations import page, resource
from sandbox.cloud.lightsail.protocol import invalid, not_found
from sandbox.cloud.seed import Disk
from sandbox.cloud.store import Document

SMALLEST_DISK, LARGEST_DISK = 8, 16384
# A new disk is not ready at once.
DISK_SECONDS = 0.5


class Resources:
    """Key pairs, static addresses and disks, by region and name."""

    def __init__(self, instances: Instances) -> None:
        self.instances, self.operations = instances, instances.operations
        self.store, self.fleet = instances.store, instances.fleet

    def handlers(self) -> dict[str, Any]:
        return {
            "ImportKeyPair": self.import_key,
            "GetKeyPair": lambda region, asked: {"keyPair": _key_view(self._key(region, asked["keyPairName"]))},
            "GetKeyPairs": self.list_keys,
            "DeleteKeyPair": self.delete_key,
            "AllocateStaticIp": self.allocate_address,
            "AttachStaticIp": self.attach_address,
            "DetachStaticIp": self.detach_address,
            "ReleaseStaticIp": self.release_address,
            "GetStaticIp": lambda region, asked: {"staticIp": self._address(region, asked["staticIpName"])},
            "GetStaticIps": lambda region, asked: page(asked, "staticIps", self._of(region, "static_ips")),
            "CreateDisk": self.create_disk,
            "AttachDisk": self.attach_disk,
            "DetachDisk": self.detach_disk,
            "DeleteDisk": self.delete_disk,
            "GetDisk": lambda region, asked: {"disk": self._disk(region, asked["diskName"])},
            "GetDisks": lambda region, asked: page(asked, "disks", self._of(region, "disks")),
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "EnableAddOn": self.enable_add_on,
            "DisableAddOn": self.disable_add_on,
        }

    def _of(self, region: str, table: str) -> list[Document]:
        found = self.store.table(f"lightsail.{table}").values()
        return [document for document in found if document["location"]["regionName"] == region]

    # Key pairs

    def _key(self, region: str, name: str) -> Document:
        key = self.store.table("lightsail.keys").get(f"{region}/{name}")
        if key is None:
            raise not_found(f"KeyPair {name}")
        return key

    def import_key(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        name, line = asked["keyPairName"], _key_line(asked["publicKeyBase64"])
        if f"{region}/{name}" in self.store.table("lightsail.keys"):
            raise invalid(f"Some names are already in use: {name}")
        key = {**resource(region, name, "KeyPair"), "publicKey": line, "tags": [], "fingerprint": fingerprint(line)}
        self.store.table("lightsail.keys")[f"{region}/{name}"] = key
        # The model has no operation type for keys; an operation of the instance's kind stands for it.
        return {"operation": self._note(region, None, key)}

    def list_keys(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        return page(asked, "keyPairs", [_key_view(key) for key in self._of(region, "keys")])

    def delete_key(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        key = self._key(region, asked["keyPairName"])
        del self.store.table("lightsail.keys")[f"{region}/{key['name']}"]
        return {"operation": self._note(region, None, key)}

    # Static addresses

    def _address(self, region: str, name: str) -> Document:
        for address in self._of(region, "static_ips"):
            if address["name"] == name:
                return address
        raise not_found(f"StaticIp {name}")

    def allocate_address(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["staticIpName"]
        if any(address["name"] == name for address in self._of(region, "static_ips")):
            raise invalid(f"Some names are already in use: {name}")
        tables = ("digitalocean.reserved_ips", "linode.reserved_ips", "lightsail.static_ips")
        try:
            ip = self.fleet.reserve_address({ip for table in tables for ip in self.store.table(table)})
        except NoRoomError:
            raise invalid("Sorry, you've reached your maximum limit of Lightsail Static IPs.") from None
        address = {**resource(region, name, "StaticIp"), "ipAddress": ip, "isAttached": False}
        self.store.table("lightsail.static_ips")[ip] = address
        return {"operations": [self._note(region, "AllocateStaticIp", address)]}

    def attach_address(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        address = self._address(region, asked["staticIpName"])
        instance = self.instances.known(region, asked["instanceName"])
        if address["isAttached"]:
            raise invalid(f"The static IP {address['name']} is attached to {address['attachedTo']}: detach it first")
        if self.instances.static_address(region, instance["name"]):
            raise invalid(f"The instance {instance['name']} already has a static IP")
        address |= {"isAttached": True, "attachedTo": instance["name"]}
        addresses = [*self.fleet.machine(instance["machine"])["addresses"], f"{address['ipAddress']}/32"]
        work = self.fleet.set_addresses(instance["machine"], addresses)
        return {"operations": [self._note(region, "AttachStaticIp", address, work)]}

    def detach_address(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        address = self._address(region, asked["staticIpName"])
        if not address["isAttached"]:
            raise invalid(f"The static IP {address['name']} is not attached to an instance")
        return {"operations": [self._note(region, "DetachStaticIp", address, self._detach(region, address))]}

    def release_address(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        address = self._address(region, asked["staticIpName"])
        work = self._detach(region, address) if address["isAttached"] else None
        del self.store.table("lightsail.static_ips")[address["ipAddress"]]
        return {"operations": [self._note(region, "ReleaseStaticIp", address, work)]}

    def _detach(self, region: str, address: Document) -> str:
        instance = self.instances.known(region, address.pop("attachedTo"))
        address["isAttached"] = False
        addresses = self.fleet.machine(instance["machine"])["addresses"]
        left = [each for each in addresses if each != f"{address['ipAddress']}/32"]
        return self.fleet.set_addresses(instance["machine"], left)

    # Disks

    def _disk(self, region: str, name: str) -> Document:
        disk = self.store.table("lightsail.disks").get(f"{region}/{name}")
        if disk is None:
            raise not_found(f"Disk {name}")
        if disk["state"] == "pending" and time.time() - disk["createdAt"] > DISK_SECONDS:
            disk["state"] = "available"
        return disk

    def create_disk(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        name, size = asked["diskName"], asked["sizeInGb"]
        if f"{region}/{name}" in self.store.table("lightsail.disks"):
            raise invalid(f"Some names are already in use: {name}")
        if not catalogue.has_zone(region, asked["availabilityZone"]):
            raise invalid(f"Invalid availability zone. Actual: {asked['availabilityZone']} region: {region}")
        if not SMALLEST_DISK <= size <= LARGEST_DISK:
            raise invalid(f"A disk has {SMALLEST_DISK} to {LARGEST_DISK} GB")
        disk = {
            **resource(region, name, "Disk", asked["availabilityZone"]),
            "tags": checked_tags(asked.get("tags", [])),
            "addOns": [add_on(request) for request in asked.get("addOns", [])],
            "sizeInGb": size,
            "isSystemDisk": False,
            "iops": 100,
            "state": "pending",
            "isAttached": False,
            "attachmentState": "detached",
        }
        self.store.table("lightsail.disks")[f"{region}/{name}"] = disk
        return {"operations": [self._note(region, "CreateDisk", disk)]}

    def attach_disk(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        disk = self._disk(region, asked["diskName"])
        instance = self.instances.known(region, asked["instanceName"])
        if disk["state"] != "available":
            raise invalid(f"The disk {disk['name']} is {disk['state']}")
        if disk["location"] != instance["location"]:
            raise invalid("The disk and the instance are in different availability zones")
        disk |= {"state": "in-use", "isAttached": True, "attachedTo": instance["name"]}
        disk |= {"attachmentState": "attached", "path": asked["diskPath"]}
        return {"operations": [self._note(region, "AttachDisk", disk, self._disks(region, instance))]}

    def detach_disk(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        disk = self._disk(region, asked["diskName"])
        if not disk["isAttached"]:
            raise invalid(f"The disk {disk['name']} is not attached to an instance")
        state = self.instances.state(region, {"instanceName": disk["attachedTo"]})["state"]["name"]
        if state != "stopped":
            raise invalid(f"The instance {disk['attachedTo']} has to be stopped before its disk is detached")
        disk |= {"state": "available", "isAttached": False, "attachmentState": "detached"}
        self._disks(region, self.instances.known(region, disk["attachedTo"]))
        del disk["attachedTo"], disk["path"]
        return {"operations": [self._note(region, "DetachDisk", disk)]}

    def _disks(self, region: str, instance: Document) -> str:
        """Begin to give an instance the disks that are attached to it; the work."""
        disks = [
            Disk(disk["name"], disk["sizeInGb"], disk["path"])
            for disk in self._of(region, "disks")
            if disk.get("attachedTo") == instance["name"] and disk["isAttached"]
        ]
        return self.fleet.set_disks(instance["machine"], disks)

    def delete_disk(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        disk = self._disk(region, asked["diskName"])
        if disk["isAttached"]:
            raise invalid(f"The disk {disk['name']} is attached to {disk['attachedTo']}")
        del self.store.table("lightsail.disks")[f"{region}/{disk['name']}"]
        return {"operations": [self._note(region, "DeleteDisk", disk)]}

    # Tags and add-ons

    def _tagged(self, region: str, name: str) -> Document:
        for table in ("instances", "disks", "keys"):
            if found := self.store.table(f"lightsail.{table}").get(f"{region}/{name}"):
                return found
        raise not_found(f"resource {name}")

    def tag(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        found = self._tagged(region, asked["resourceName"])
        new = {tag["key"] for tag in asked["tags"]}
        found["tags"] = checked_tags([*(tag for tag in found["tags"] if tag["key"] not in new), *asked["tags"]])
        return {"operations": [self._note(region, None, found)]}

    def untag(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        found = self._tagged(region, asked["resourceName"])
        found["tags"] = [tag for tag in found["tags"] if tag["key"] not in asked["tagKeys"]]
        return {"operations": [self._note(region, None, found)]}

    def enable_add_on(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance = self.instances.known(region, asked["resourceName"])
        instance["addOns"] = [add_on(asked["addOnRequest"])]
        return {"operations": [self._note(region, "EnableAddOn", instance)]}

    def disable_add_on(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance = self.instances.known(region, asked["resourceName"])
        instance["addOns"] = [each for each in instance["addOns"] if each["name"] != asked["addOnType"]]
        return {"operations": [self._note(region, "DisableAddOn", instance)]}

    def _note(self, region: str, kind: str | None, found: Document, work: str | None = None) -> dict[str, Any]:
        noted = self.operations.note(region, kind or "", found, work)
        # The model names no type of operation for keys and tags.
        return noted if kind else {name: value for name, value in noted.items() if name != "operationType"}


def _key_line(given: str) -> str:
    """The line of a public key that was sent as such or in base64. Refusal if it is no RSA key."""
    line = given.strip()
    if not line.startswith("ssh-"):
        try:
            line = base64.b64decode(line, validate=True).decode().strip()
        except (binascii.Error, UnicodeDecodeError):
            line = ""
    if not line.startswith("ssh-rsa ") or fingerprint(line) is None:
        raise invalid("The public key must be of the ssh-rsa type")
    return line


def _key_view(key: Document) -> Document:
    return {name: value for name, value in key.items() if name != "publicKey"}
