"""Servers that tests want, and what they have in common."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import FoundServer, Port, WantedServer

from tests.unit.clouds.keys import ED25519

PORTS = (Port(22, "tcp"), Port(443, "udp"))
PLACES = {
    "digitalocean": {"region": "fra1", "size": "s-1vcpu-2gb", "image": "debian-13-x64"},
    "linode": {"region": "eu-central", "size": "g6-standard-1", "image": "linode/debian13"},
    "lightsail": {"region": "eu-central-1", "size": "small_3_0", "image": "debian_12"},
}


def wanted(name: str = "web-1", provider: str = "digitalocean", **more: Any) -> WantedServer:
    given = {**PLACES[provider], "project": "shop", "ssh_keys": (ED25519,), "firewall_ports": PORTS, "groups": ("app",)}
    return WantedServer(name=name, provider=provider, **{**given, **more})


def found(server: WantedServer, **more: Any) -> FoundServer:
    given = {
        "provider": server.provider,
        "id": "7",
        "name": server.name,
        "region": server.region,
        "size": server.size,
        "image": server.image,
        "state": "running",
        "tags": (f"slipway:{server.project}", server.tag),
        "public_address": "203.0.113.7",
        "public_ipv6": "2001:db8::7",
        "private_address": "10.0.0.7",
    }
    return FoundServer(**{**given, **more})
