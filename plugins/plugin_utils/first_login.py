"""The first look at a host: by the user of the inventory, or, while a bare server does not have that one, by the login
that its provider hands out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues

ROOT = "root"


@dataclass(frozen=True)
class FirstLook:
    """What a script printed. `user` is the inventory's, '' where it names none; `login` the one who got in."""

    output: dict[str, Any]
    user: str
    login: str
    become: bool

    @property
    def by_bootstrap(self) -> bool:
        return self.user != self.login


def first_look(action: ApplicationAction, script: str, sudoable: bool = True) -> FirstLook:
    """Runs a shell script on the action's host. Raises AnsibleConnectionFailure when nobody gets in."""
    connection = action._connection
    user = str(connection.get_option("remote_user") or "") if connection.transport != "local" else ""
    try:
        output = action._low_level_execute_command(script, sudoable=sudoable)
        return FirstLook(output, user, user, bool(connection.become))
    except AnsibleConnectionFailure as error:
        bootstrap = _bootstrap_user(action, user)
        if "permission denied" not in str(error).lower() or not bootstrap:
            raise
    connection.set_option("remote_user", bootstrap)
    if bootstrap == ROOT:
        connection.set_become_plugin(None)
    output = action._low_level_execute_command(script, sudoable=sudoable)
    return FirstLook(output, user, bootstrap, bootstrap != ROOT)


def _bootstrap_user(action: ApplicationAction, user: str) -> str:
    """Who may make the operator; '' where there is nobody else, or no operator is to be made."""
    bootstrap = str(RoleValues(action, "baseline")["__baseline_bootstrap_user"] or "")
    return bootstrap if user not in ("", ROOT, bootstrap) else ""
