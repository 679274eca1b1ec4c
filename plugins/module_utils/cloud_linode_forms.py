"""Linode's forms of what all providers have: firewalls, tags, Linodes, errors."""

from __future__ import annotations

import ipaddress
from typing import Any

from .cloud_calls import lost, refusal
from .cloud_model import CREATING, RUNNING, STOPPED, CloudError, FoundServer, WantedServer, project_tag, resource_name

TITLE = "Linode"
TOKEN_HELP = "LINODE_TOKEN, or servers_linode_token in the vault; docs/linode.md tells how to get one"
STATES = {"running": RUNNING, "offline": STOPPED, "stopped": STOPPED}
# Linode's own range of private addresses; every other one of `ipv4` is public.
PRIVATE = ipaddress.ip_network("192.168.128.0/17")
SUBNET = "10.0.0.0/24"


def firewall_body(server: WantedServer) -> dict[str, Any]:
    """The project's firewall: what the inventory opens, and everything from the private network."""
    inbound = []
    for port in server.firewall_ports:
        sources = server.ssh_from if port.number == 22 and server.ssh_from else ("0.0.0.0/0", "::/0")
        inbound.append(_rule(f"{port.protocol}-{port.number}", port.protocol, str(port.number), sources))
    inbound.append(_rule("ping", "ICMP", "", ("0.0.0.0/0", "::/0")))
    for protocol in ("tcp", "udp"):
        inbound.append(_rule(f"private-{protocol}", protocol, "1-65535", (SUBNET,)))
    rules = {"inbound": inbound, "inbound_policy": "DROP", "outbound": [], "outbound_policy": "ACCEPT"}
    return {"label": resource_name(server.project), "rules": rules, "tags": [project_tag(server.project)]}


def _rule(label: str, protocol: str, ports: str, sources: tuple[str, ...]) -> dict[str, Any]:
    addresses = {
        "ipv4": [source for source in sources if ":" not in source],
        "ipv6": [source for source in sources if ":" in source],
    }
    return {
        "label": label,
        "action": "ACCEPT",
        "protocol": protocol.upper(),
        **({"ports": ports} if ports else {}),
        "addresses": {family: values for family, values in addresses.items() if values},
    }


def rules_of(rules: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Inbound rules and policies in a form that does not depend on their order."""
    found = []
    for rule in rules.get("inbound") or []:
        addresses = [value for values in (rule.get("addresses") or {}).values() for value in values or []]
        found.append((rule["protocol"], str(rule.get("ports") or ""), " ".join(sorted(addresses))))
    policies = ("policy", str(rules.get("inbound_policy")), str(rules.get("outbound_policy")))
    return sorted([*found, policies])


def tags_of(wanted: WantedServer) -> list[str]:
    return [project_tag(wanted.project), wanted.tag, *wanted.tags]


def found_server(instance: dict[str, Any]) -> FoundServer:
    addresses = instance.get("ipv4") or []
    public = [address for address in addresses if ipaddress.ip_address(address) not in PRIVATE]
    return FoundServer(
        provider=TITLE.lower(),
        id=str(instance["id"]),
        name=instance["label"],
        region=instance["region"],
        size=instance.get("type") or "",
        image=instance.get("image") or "",
        state=STATES.get(instance["status"], CREATING),
        tags=tuple(instance.get("tags") or ()),
        public_address=public[0] if public else "",
        public_ipv6=(instance.get("ipv6") or "").partition("/")[0],
        backups=bool((instance.get("backups") or {}).get("enabled")),
    )


def translate(error: Exception) -> CloudError | None:
    from linode_api4.errors import ApiError
    from requests.exceptions import RequestException

    if isinstance(error, ApiError):
        reasons = [
            f"{each.get('field')}: {each.get('reason')}" if each.get("field") else str(each.get("reason"))
            for each in (error.json or {}).get("errors") or []
        ]
        headers = error.response.headers if error.response is not None else {}
        return refusal(
            TITLE, int(error.status), "; ".join(reasons) or str(error), headers.get("Retry-After"), TOKEN_HELP
        )
    return lost(TITLE, error) if isinstance(error, RequestException) else None
