"""The distribution's packages that the roles of a server need, so that one transaction of apt brings them all."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues


def server_packages(action: ApplicationAction) -> list[str]:
    """What is wanted beside the packages of role python."""
    firewall = RoleValues(action, "firewall")
    return ["nftables"] if boolean(firewall["firewall_enabled"]) else []
