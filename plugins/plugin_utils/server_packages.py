"""The distribution's packages that the roles of a server need, so that one transaction of apt brings them all."""

from __future__ import annotations

from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues

ROLES = ("baseline", "firewall")


def server_packages(action: ApplicationAction) -> list[str]:
    """What is wanted beside the packages of role python."""
    return [name for role in ROLES for name in RoleValues(action, role)[f"__{role}_needed_packages"]]
