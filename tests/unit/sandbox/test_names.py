"""Names, addresses and ports."""

from __future__ import annotations

import ipaddress

import pytest
import yaml

from sandbox import acme, names, paths
from sandbox.errors import SandboxError


def test_ports_are_the_documented_ones() -> None:
    assert names.server("vps-1").ports == {22: 2201, 80: 8080, 443: 8443}
    assert names.server("vps-2").ports == {22: 2202, 80: 8082, 443: 8444}


def test_addresses_and_ports_are_unique_and_in_the_network() -> None:
    servers = names.all_servers()
    addresses = [server.address for server in servers]
    addresses += [names.GATEWAY, names.DNS_ADDRESS, names.REGISTRY_ADDRESS, names.HUB_ADDRESS, names.PACKAGES_ADDRESS]
    addresses += [acme.STANDARD.address, acme.SHORT_LIVED.address]
    ports = [port for server in servers for port in server.ports.values()] + [names.REGISTRY_PORT, names.HUB_PORT]
    ports += [acme.STANDARD.port, acme.SHORT_LIVED.port]
    assert len(set(addresses)) == len(addresses)
    assert len(set(ports)) == len(ports)
    assert all(ipaddress.ip_address(address) in ipaddress.ip_network(names.SUBNET) for address in addresses)


@pytest.mark.parametrize("name", ["vps-0", "vps-16", "vps-01", "vps", "web", "", "vps-1x", "vm-0", "vm-2"])
def test_an_unknown_server_is_named_in_the_error(name: str) -> None:
    with pytest.raises(SandboxError, match=f"{name!r}.*vps-1 to vps-15, and vm-1"):
        names.server(name)


def test_the_inventory_says_the_same() -> None:
    inventory = yaml.safe_load((paths.CHECKOUT / "inventory/sandbox/hosts.yml").read_text())
    hosts = inventory["all"]["hosts"]
    assert set(hosts) == set(names.DEFAULT_SERVERS)
    for name, variables in hosts.items():
        server = names.server(name)
        assert variables == {"ansible_port": server.ssh_port, "private_address": server.address}
