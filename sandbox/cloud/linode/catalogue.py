"""What Linode sells: regions, types with their prices in US dollars, and the images that can be made here."""

from __future__ import annotations

from typing import Any

_CORE = (
    "Linodes",
    "Backups",
    "NodeBalancers",
    "Block Storage",
    "Kubernetes",
    "Cloud Firewall",
    "Vlans",
    "Block Storage Migrations",
    "Managed Databases",
)
_NEWER = ("VPCs", "Metadata", "Premium Plans", "Placement Group")
# id: country, label, whether it has what the newer regions have
REGIONS = {
    "ap-west": ("in", "Mumbai, IN", True),
    "ca-central": ("ca", "Toronto, CA", True),
    "ap-southeast": ("au", "Sydney, AU", True),
    "us-iad": ("us", "Washington, DC", True),
    "us-ord": ("us", "Chicago, IL", True),
    "fr-par": ("fr", "Paris, FR", True),
    "us-sea": ("us", "Seattle, WA", True),
    "br-gru": ("br", "Sao Paulo, BR", True),
    "nl-ams": ("nl", "Amsterdam, NL", True),
    "se-sto": ("se", "Stockholm, SE", True),
    "es-mad": ("es", "Madrid, ES", True),
    "in-maa": ("in", "Chennai, IN", True),
    "jp-osa": ("jp", "Osaka, JP", True),
    "it-mil": ("it", "Milan, IT", True),
    "us-mia": ("us", "Miami, FL", True),
    "id-cgk": ("id", "Jakarta, ID", True),
    "us-lax": ("us", "Los Angeles, CA", True),
    "gb-lon": ("gb", "London 2, UK", True),
    "de-fra-2": ("de", "Frankfurt 2, DE", True),
    "us-central": ("us", "Dallas, TX", True),
    "us-west": ("us", "Fremont, CA", True),
    "us-southeast": ("us", "Atlanta, GA", True),
    "us-east": ("us", "Newark, NJ", True),
    "eu-west": ("gb", "London, UK", True),
    "ap-south": ("sg", "Singapore, SG", True),
    "eu-central": ("de", "Frankfurt, DE", True),
    "ap-northeast": ("jp", "Tokyo, JP", False),
}
# Regions that are dearer than the others, and by how much.
_DEARER = {"id-cgk": 1.2, "br-gru": 1.4}
# id: label, class, memory (MB), disk (MB), CPUs, transfer (GB), Mbit/s, price an hour and a month, backups a month
_TYPES = {
    "g6-nanode-1": ("Nanode 1GB", "nanode", 1024, 25600, 1, 1000, 1000, 0.0075, 5, 2),
    "g6-standard-1": ("Linode 2GB", "standard", 2048, 51200, 1, 2000, 2000, 0.018, 12, 2.5),
    "g6-standard-2": ("Linode 4GB", "standard", 4096, 81920, 2, 4000, 4000, 0.036, 24, 5),
    "g6-standard-4": ("Linode 8GB", "standard", 8192, 163840, 4, 5000, 5000, 0.072, 48, 10),
    "g6-standard-6": ("Linode 16GB", "standard", 16384, 327680, 6, 8000, 6000, 0.144, 96, 20),
    "g6-standard-8": ("Linode 32GB", "standard", 32768, 655360, 8, 16000, 7000, 0.288, 192, 40),
    "g6-dedicated-2": ("Dedicated 4GB", "dedicated", 4096, 81920, 2, 4000, 4000, 0.054, 36, 5),
    "g6-dedicated-4": ("Dedicated 8GB", "dedicated", 8192, 163840, 4, 5000, 5000, 0.108, 72, 10),
    "g6-dedicated-8": ("Dedicated 16GB", "dedicated", 16384, 327680, 8, 6000, 6000, 0.216, 144, 20),
    "g7-highmem-1": ("Linode 24GB", "highmem", 24576, 20480, 2, 5000, 5000, 0.09, 60, 5),
    "g7-highmem-2": ("Linode 48GB", "highmem", 49152, 40960, 2, 6000, 6000, 0.18, 120, 10),
}
# Debian releases by the id of their image.
DEBIAN = {"linode/debian12": "12", "linode/debian13": "13"}
_EVERY_TIME = "2025-08-12T00:00:00"


def region(wanted: str) -> dict[str, Any]:
    """A region. KeyError if there is none."""
    country, label, newer = REGIONS[wanted]
    return {
        "id": wanted,
        "label": label,
        "country": country,
        "capabilities": [*_CORE, *(_NEWER if newer else ())],
        "status": "ok",
        "resolvers": {"ipv4": "172.30.0.2", "ipv6": "fd5a:51:70::2"},
        "site_type": "core",
        "placement_group_limits": {
            "maximum_pgs_per_customer": None,
            "maximum_linodes_per_pg": 5,
            "maximum_linodes_per_flexible_pg": 5,
        },
        "monitors": {"alerts": [], "metrics": []},
    }


def kind(wanted: str) -> dict[str, Any]:
    """A type. KeyError if there is none."""
    label, group, memory, disk, cpus, transfer, network, hourly, monthly, backups = _TYPES[wanted]
    backups_hourly = round(backups / 667, 4)
    return {
        "id": wanted,
        "label": label,
        "class": group,
        "memory": memory,
        "disk": disk,
        "vcpus": cpus,
        "gpus": 0,
        "transfer": transfer,
        "network_out": network,
        "successor": None,
        "price": {"hourly": hourly, "monthly": monthly},
        "region_prices": _region_prices(hourly, monthly),
        "addons": {
            "backups": {
                "price": {"hourly": backups_hourly, "monthly": backups},
                "region_prices": _region_prices(backups_hourly, backups),
            }
        },
    }


def kinds() -> list[dict[str, Any]]:
    """All types."""
    return [kind(wanted) for wanted in _TYPES]


def image(wanted: str) -> dict[str, Any]:
    """A public image. KeyError if there is none."""
    release = DEBIAN[wanted]
    return {
        "id": wanted,
        "label": f"Debian {release}",
        "description": f"Debian {release}",
        "vendor": "Debian",
        "type": "manual",
        "is_public": True,
        "is_shared": False,
        "image_sharing": None,
        "status": "available",
        "deprecated": False,
        "size": 1500,
        "total_size": 1500,
        "created": _EVERY_TIME,
        "created_by": "linode",
        "updated": _EVERY_TIME,
        "eol": "2030-06-30T04:00:00" if release == "13" else "2028-06-30T04:00:00",
        "expiry": None,
        "capabilities": ["cloud-init"],
        "tags": [],
        "regions": [],
    }


def _region_prices(hourly: float, monthly: float) -> list[dict[str, Any]]:
    return [
        {"id": name, "hourly": round(hourly * factor, 4), "monthly": round(monthly * factor, 2)}
        for name, factor in _DEARER.items()
    ]
