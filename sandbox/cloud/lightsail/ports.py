"""Each instance's own firewall: kept and checked. The sandbox's network does not filter by it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from sandbox.cloud.lightsail.protocol import invalid
from sandbox.cloud.store import Document

if TYPE_CHECKING:
    from sandbox.cloud.lightsail.instances import Instances

_ANYWHERE = {"cidrs": ["0.0.0.0/0"], "ipv6Cidrs": ["::/0"], "cidrListAliases": []}
PORTS_AT_FIRST = tuple({"fromPort": port, "toPort": port, "protocol": "tcp", **_ANYWHERE} for port in (22, 80))


class Ports:
    """The ports of instances."""

    def __init__(self, instances: Instances) -> None:
        self.instances, self.operations = instances, instances.operations

    def handlers(self) -> dict[str, Any]:
        return {
            "GetInstancePortStates": self.states,
            "PutInstancePublicPorts": self.put,
            "OpenInstancePublicPorts": self.open,
            "CloseInstancePublicPorts": self.close,
        }

    def states(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        ports = self.instances.known(region, asked["instanceName"])["ports"]
        return {"portStates": [{**port, "state": "open"} for port in ports]}

    def put(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance = self.instances.known(region, asked["instanceName"])
        instance["ports"] = [checked(port) for port in asked["portInfos"]]
        return {"operation": self.operations.note(region, "PutInstancePublicPorts", instance)}

    def open(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance, port = self.instances.known(region, asked["instanceName"]), checked(asked["portInfo"])
        instance["ports"] = [*(other for other in instance["ports"] if not _same(other, port)), port]
        return {"operation": self.operations.note(region, "OpenInstancePublicPorts", instance)}

    def close(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        instance, port = self.instances.known(region, asked["instanceName"]), asked["portInfo"]
        instance["ports"] = [other for other in instance["ports"] if not _same(other, port)]
        return {"operation": self.operations.note(region, "CloseInstancePublicPorts", instance)}


def checked(port: dict[str, Any]) -> Document:
    """An open port as it is kept; without sources it is open to all. Refusal if it cannot be."""
    if not {"fromPort", "toPort", "protocol"} <= port.keys():
        raise invalid("A port has fromPort, toPort and protocol")
    icmp = port["protocol"].startswith("icmp")
    # For ICMP the two are its type and code, -1 being all.
    if not icmp and not 0 <= port["fromPort"] <= port["toPort"] <= 65535:
        raise invalid(f"Ports from {port['fromPort']} to {port['toPort']} are no range of ports")
    if port["protocol"] == "all" and (port["fromPort"], port["toPort"]) != (0, 65535):
        raise invalid("All protocols are open on all ports alone")
    for name, kind in (("cidrs", ipaddress.IPv4Network), ("ipv6Cidrs", ipaddress.IPv6Network)):
        for network in port.get(name, []):
            try:
                kind(network)
            except ValueError:
                raise invalid(f"{network} is no network of {name}") from None
    sources = {name: port.get(name, []) for name in ("cidrs", "ipv6Cidrs", "cidrListAliases")}
    common = {name: port[name] for name in ("fromPort", "toPort", "protocol")}
    return common | (sources if any(sources.values()) else {key: list(value) for key, value in _ANYWHERE.items()})


def port_view(port: Document) -> Document:
    """An open port as an instance shows it."""
    anywhere = port["cidrs"] == _ANYWHERE["cidrs"]
    sources = (
        "Anywhere (0.0.0.0/0 and ::/0)" if anywhere else f"Custom ({', '.join(port['cidrs'] + port['ipv6Cidrs'])})"
    )
    return {
        **port,
        "accessFrom": sources,
        "accessType": "Public" if anywhere else "Private",
        "commonName": "",
        "accessDirection": "inbound",
    }


def _same(one: Document, other: Document) -> bool:
    return all(one.get(name) == other.get(name) for name in ("fromPort", "toPort", "protocol"))
