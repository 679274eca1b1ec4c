"""Who of a fleet may reach the data services that run on a host of their own, and by which ports."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.compose import service_ports
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import (
    application_names,
    load_application,
)


def data_access(action: ApplicationAction) -> dict[str, Any]:
    """`own` address, the `members` and the `ports`; {} on a host whose data services nobody else uses."""
    if not action.app_hosts or action.host != action.data_host or not action.data_elsewhere:
        return {}
    ports: set[int] = set()
    for name in application_names(action.inventory_folder):
        try:
            application = (
                action.application
                if name == action.application.name
                else load_application(action.inventory_folder, name, action._loader, action._templar, action.variables)
            )
        except InputError:
            # Another application's mistakes are told when that one is deployed.
            continue
        ports |= {port for port in service_ports(application).values() if port}
    members = sorted(
        {action.private_address(host) for host in action.app_hosts} - {action.private_address(action.host)}
    )
    return {"own": action.private_address(action.host), "members": members, "ports": sorted(ports)}


def address_problems(action: ApplicationAction) -> list[Problem]:
    """With data services on a host of their own, the firewall has to know the members' addresses."""
    if not action.app_hosts or not action.data_elsewhere or not action.application.services:
        return []
    hosts = dict.fromkeys([action.data_host, *action.app_hosts])
    return [
        Problem(f"host {host}", "private_address", repr(address), "an IP address, by which the data host knows it")
        for host in hosts
        if not _is_address(address := action.private_address(host))
    ]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
