"""DigitalOcean's forms of what all providers have: firewalls, tags, droplets, errors."""

from __future__ import annotations

from typing import Any

from .cloud_calls import lost, refusal
from .cloud_model import CREATING, RUNNING, STOPPED, CloudError, FoundServer, WantedServer, project_tag, resource_name

TITLE = "DigitalOcean"
TOKEN_HELP = "DIGITALOCEAN_TOKEN, or servers_digitalocean_token in the vault; docs/digitalocean.md tells how to get one"
STATES = {"new": CREATING, "active": RUNNING, "off": STOPPED, "archive": STOPPED}
ANYWHERE = ["0.0.0.0/0", "::/0"]


def firewall_tag(project: str) -> str:
    """The tag that puts a server behind the project's firewall."""
    return f"slipway-firewall:{project}"


def firewall_body(server: WantedServer) -> dict[str, Any]:
    """The project's firewall: what the inventory opens, and everything between the project's own servers."""
    inbound: list[dict[str, Any]] = [{"protocol": "icmp", "sources": {"addresses": ANYWHERE}}]
    for port in server.firewall_ports:
        sources = list(server.ssh_from) if port.number == 22 and server.ssh_from else ANYWHERE
        inbound.append({"protocol": port.protocol, "ports": str(port.number), "sources": {"addresses": sources}})
    for protocol in ("tcp", "udp"):
        inbound.append({"protocol": protocol, "ports": "0", "sources": {"tags": [project_tag(server.project)]}})
    outbound = [
        {"protocol": "icmp", "destinations": {"addresses": ANYWHERE}},
        {"protocol": "tcp", "ports": "0", "destinations": {"addresses": ANYWHERE}},
        {"protocol": "udp", "ports": "0", "destinations": {"addresses": ANYWHERE}},
    ]
    return {
        "name": resource_name(server.project),
        "inbound_rules": inbound,
        "outbound_rules": outbound,
        "tags": [firewall_tag(server.project)],
    }


def rules_of(firewall: dict[str, Any]) -> list[tuple[str, str, str]]:
    """A firewall's inbound rules and tags in a form that does not depend on their order."""
    rules = []
    for rule in firewall.get("inbound_rules") or []:
        sources = sorted(f"{kind}={value}" for kind, values in rule["sources"].items() for value in values or [])
        ports = "" if rule["protocol"] == "icmp" else str(rule.get("ports") or "0")
        rules.append((rule["protocol"], "0" if ports == "all" else ports, " ".join(sources)))
    return sorted([*rules, *(("tag", str(tag), "") for tag in firewall.get("tags") or [])])


def tags_of(wanted: WantedServer) -> list[str]:
    walls = [firewall_tag(wanted.project)] if wanted.firewall else []
    return [project_tag(wanted.project), wanted.tag, *walls, *wanted.tags]


def found_server(droplet: dict[str, Any]) -> FoundServer:
    networks = droplet.get("networks") or {}

    def address(version: str, kind: str) -> str:
        return next((net["ip_address"] for net in networks.get(version) or [] if net["type"] == kind), "")

    image, size = droplet.get("image") or {}, droplet.get("size") or {}
    return FoundServer(
        provider=TITLE.lower(),
        id=str(droplet["id"]),
        name=droplet["name"],
        region=(droplet.get("region") or {}).get("slug", ""),
        size=droplet.get("size_slug", ""),
        image=image.get("slug") or "",
        state=STATES.get(droplet.get("status", ""), STOPPED),
        tags=tuple(droplet.get("tags") or ()),
        public_address=address("v4", "public"),
        public_ipv6=address("v6", "public"),
        private_address=address("v4", "private"),
        monthly=float(size["price_monthly"]) if size.get("price_monthly") is not None else None,
        volumes=tuple(droplet.get("volume_ids") or ()),
        backups="backups" in (droplet.get("features") or ()),
    )


def translate(error: Exception) -> CloudError | None:
    from azure.core.exceptions import AzureError, HttpResponseError

    if isinstance(error, HttpResponseError):
        response = error.response
        try:
            message = str(response.json().get("message", ""))
        except (AttributeError, ValueError):
            message = ""
        headers = getattr(response, "headers", None) or {}
        return refusal(TITLE, int(error.status_code or 0), message, headers.get("Retry-After"), TOKEN_HELP)
    return lost(TITLE, error) if isinstance(error, AzureError) else None
