"""What Lightsail sells: regions, bundles with their prices in US dollars a month, blueprints that can be made here."""

from __future__ import annotations

from typing import Any

# name: continent, display name, zones
REGIONS = {
    "us-east-1": ("NA", "Virginia", "abcdef"),
    "us-east-2": ("NA", "Ohio", "abc"),
    "us-west-2": ("NA", "Oregon", "abcd"),
    "ca-central-1": ("NA", "Montreal", "ab"),
    "eu-west-1": ("EU", "Ireland", "abc"),
    "eu-west-2": ("EU", "London", "abc"),
    "eu-west-3": ("EU", "Paris", "abc"),
    "eu-central-1": ("EU", "Frankfurt", "abc"),
    "eu-north-1": ("EU", "Stockholm", "abc"),
    "ap-southeast-1": ("AS", "Singapore", "abc"),
    "ap-southeast-2": ("OC", "Sydney", "abc"),
    "ap-northeast-1": ("AS", "Tokyo", "acd"),
    "ap-northeast-2": ("AS", "Seoul", "ac"),
    "ap-south-1": ("AS", "Mumbai", "ab"),
}
# Some regions have bundles of their own, by the end of their names.
_ENDINGS = {"ap-south-1": "3_1", "ap-southeast-2": "3_2"}
# name: type, power, price, CPUs, memory (GB), disk (GB), transfer (GB)
_BUNDLES = {
    "nano": ("Nano", 298, 5.0, 2, 0.5, 20, 1024),
    "micro": ("Micro", 500, 7.0, 2, 1.0, 40, 2048),
    "small": ("Small", 1000, 12.0, 2, 2.0, 60, 3072),
    "medium": ("Medium", 2000, 24.0, 2, 4.0, 80, 4096),
    "large": ("Large", 3000, 44.0, 2, 8.0, 160, 5120),
    "xlarge": ("Xlarge", 4000, 84.0, 4, 16.0, 320, 6144),
    "2xlarge": ("2Xlarge", 5000, 164.0, 8, 32.0, 640, 7168),
}
# The same without a public IPv4 address, and with Windows.
_IPV6_PRICES = {
    "nano": 3.5,
    "micro": 5.0,
    "small": 10.0,
    "medium": 20.0,
    "large": 40.0,
    "xlarge": 80.0,
    "2xlarge": 160.0,
}
_WINDOWS_PRICES = {"nano": 9.5, "micro": 14.0, "small": 22.0, "medium": 44.0, "large": 74.0, "xlarge": 124.0}
# Debian releases by the name of their blueprint.
DEBIAN = {"debian_12": "12", "debian_13": "13"}


def regions(zones: bool) -> list[dict[str, Any]]:
    """All regions; `zones`: with their availability zones."""
    return [
        {
            "continentCode": continent,
            "description": f"This region is recommended to serve users in {display} and around it",
            "displayName": display,
            "name": name,
            "availabilityZones": [
                {"zoneName": f"{name}{letter}", "state": "available"} for letter in (letters if zones else "")
            ],
            "relationalDatabaseAvailabilityZones": [],
        }
        for name, (continent, display, letters) in REGIONS.items()
    ]


def has_zone(region: str, zone: str) -> bool:
    """Whether a region has an availability zone."""
    return region in REGIONS and zone in {f"{region}{letter}" for letter in REGIONS[region][2]}


def bundles(region: str) -> list[dict[str, Any]]:
    """The bundles of a region."""
    found = []
    for size, (_, _, price, *_) in _BUNDLES.items():
        kinds = [("", price, "LINUX_UNIX"), ("_ipv6", _IPV6_PRICES[size], "LINUX_UNIX")]
        if size in _WINDOWS_PRICES:
            kinds.append(("_win", _WINDOWS_PRICES[size], "WINDOWS"))
        found += [_bundle(region, size, kind, cost, platform) for kind, cost, platform in kinds]
    return found


def _bundle(region: str, size: str, kind: str, price: float, platform: str) -> dict[str, Any]:
    name, power, _, cpus, memory, disk, transfer = _BUNDLES[size]
    return {
        "bundleId": f"{size}{kind}_{_ENDINGS.get(region, '3_0')}",
        "instanceType": size,
        "name": name,
        "power": power,
        "price": price,
        "cpuCount": cpus,
        "ramSizeInGb": memory,
        "diskSizeInGb": disk,
        "transferPerMonthInGb": transfer,
        "isActive": True,
        "supportedPlatforms": [platform],
        "supportedAppCategories": [],
        "publicIpv4AddressCount": 0 if kind == "_ipv6" else 1,
    }


def blueprints() -> list[dict[str, Any]]:
    """The blueprints."""
    return [
        {
            "blueprintId": name,
            "name": "Debian",
            "group": name,
            "type": "os",
            "description": f"Debian {release}, made by the sandbox",
            "isActive": True,
            "minPower": 0,
            "version": release,
            "versionCode": "1",
            "productUrl": "https://www.debian.org/",
            "licenseUrl": "https://www.debian.org/legal/licenses/",
            "platform": "LINUX_UNIX",
        }
        for name, release in DEBIAN.items()
    ]
