"""Network interfaces of a Linode's configuration profile: public, or in a VPC's subnet."""

from __future__ import annotations

import ipaddress
from typing import Any

from sandbox.cloud.fleet import Fleet
from sandbox.cloud.linode import answers
from sandbox.cloud.linode.vpcs import Vpcs
from sandbox.cloud.store import Document, Store

MOST = 3
DEVICES = tuple(f"sd{letter}" for letter in "abcdefgh")


class Interfaces:
    """Interfaces as they are asked for and shown. Only those of configuration profiles are served."""

    def __init__(self, store: Store, fleet: Fleet, vpcs: Vpcs) -> None:
        self.store, self.fleet, self.vpcs = store, fleet, vpcs

    def checked(self, asked: dict[str, Any], region: str) -> list[Document]:
        """The interfaces of a new Linode. Refusal (400) that says what is wrong. NoRoomError if a subnet is full."""
        if asked.get("interface_generation") not in (None, "legacy_config"):
            raise answers.invalid("the sandbox serves legacy_config alone", "interface_generation")
        given = answers.field(asked, "interfaces", list, [])
        if len(given) > MOST:
            raise answers.invalid(f"A Linode has at most {MOST} interfaces", "interfaces")
        return [self._checked(interface, place, region) for place, interface in enumerate(given)]

    def _checked(self, asked: Any, place: int, region: str) -> Document:
        purpose = asked.get("purpose") if isinstance(asked, dict) else None
        common = {
            "id": self.store.number("linode.interfaces", 901),
            "purpose": purpose,
            "primary": bool(isinstance(asked, dict) and asked.get("primary")),
            "active": True,
            "label": None,
            "ipam_address": None,
        }
        if purpose == "public":
            return common | {"vpc_id": None, "subnet_id": None, "ipv4": None, "ip_ranges": [], "ipv6": None}
        if purpose != "vpc":
            # The sandbox has no VLANs.
            raise answers.invalid("purpose must be public or vpc", f"interfaces[{place}].purpose")
        vpc, subnet = self.vpcs.subnet(asked.get("subnet_id"), region)
        wanted = (asked.get("ipv4") or {}).get("vpc")
        address = self._given(wanted, subnet) if wanted else self.fleet.private_address(subnet["ipv4"], "linode")
        return common | {
            "vpc_id": vpc["id"],
            "subnet_id": subnet["id"],
            "address": address,
            "ipv4": {"vpc": address.partition("/")[0], "nat_1_1": (asked.get("ipv4") or {}).get("nat_1_1")},
            "ip_ranges": [],
            "ipv6": None,
        }

    def _given(self, wanted: str, subnet: Document) -> str:
        network = ipaddress.IPv4Network(subnet["ipv4"])
        try:
            inside = ipaddress.IPv4Address(wanted) in network
        except ValueError:
            inside = False
        if not inside:
            raise answers.invalid(f"Must be an address of {network}", "interfaces.ipv4.vpc")
        return f"{wanted}/{network.prefixlen}"

    def config(self, instance: Document) -> Document:
        """The one configuration profile of a Linode, as the API shows it."""
        shown = [
            {name: value for name, value in interface.items() if name != "address"}
            for interface in instance["interfaces"]
        ]
        return {
            "id": instance["config"],
            "label": f"My {instance['image'].removeprefix('linode/')} Disk Profile",
            "kernel": "linode/grub2",
            "comments": "",
            "created": instance["created"],
            "updated": instance["updated"],
            "memory_limit": 0,
            "run_level": "default",
            "virt_mode": "paravirt",
            "initrd": None,
            "root_device": "/dev/sda",
            "devices": dict.fromkeys(DEVICES) | {"sda": {"disk_id": instance["config"], "volume_id": None}},
            "helpers": {
                "updatedb_disabled": True,
                "distro": True,
                "modules_dep": True,
                "network": True,
                "devtmpfs_automount": True,
            },
            "interfaces": shown,
        }
