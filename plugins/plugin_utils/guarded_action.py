"""What actions share that change how a host is reached: the change, its proof over a new connection, its way back."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.slipway.vps.plugins.module_utils import lockout_guard
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.fresh_connection import FreshConnection
from ansible_collections.slipway.vps.plugins.plugin_utils.remote_program import program, run_program
from ansible_collections.slipway.vps.plugins.plugin_utils.ssh_settings import connection_settings

SSH_CONNECTIONS = ("ssh", "ansible.builtin.ssh")
# Enough for some attempts, and well before the timer.
PATIENCE_SECONDS = 15.0


class GuardedAction(ApplicationAction):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    @property
    def python(self) -> str:
        return str(self.variables.get("ansible_python_interpreter") or "/usr/bin/python3")

    def call_program(self, module: str, function: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Runs a function of module_utils on the host as root; one round trip."""
        return run_program(self, self.python, program(module, function, arguments))

    def fresh_connection(self) -> FreshConnection | None:
        """A connection beside Ansible's own; None where that is none by SSH, which nothing here can cut."""
        if self._connection.transport not in SSH_CONNECTIONS:
            return None
        settings = connection_settings(self._connection)
        known_hosts = self.inventory_folder / "known_hosts"
        become = bool(self._connection.become) and settings["user"] != "root"
        password = str(self.get_become_option("become_pass") or "") if become else ""
        return FreshConnection(self.host, settings, known_hosts if known_hosts.is_file() else None, become, password)

    def confirm(self, what: str, seconds: int, fresh: FreshConnection | None) -> dict[str, Any]:
        """Confirms an armed change over a new connection; a failed result when nobody gets in any more."""
        if fresh is None:
            self._low_level_execute_command(lockout_guard.CONFIRM)
            return {}
        answer = fresh.insist(lockout_guard.CONFIRM, min(PATIENCE_SECONDS, seconds / 2))
        if answer.code == 0:
            return {}
        reason = answer.reason if not answer.reached else f"as root it could not confirm: {answer.reason}"
        return {"failed": True, "changed": False, "msg": f"{self.host}: {self._taken_back(what, seconds, reason)}"}

    def _taken_back(self, what: str, seconds: int, reason: str) -> str:
        said = f"with {what} no new connection could be made ({reason})"
        try:
            done = self._low_level_execute_command(lockout_guard.TAKE_BACK)
        except AnsibleConnectionFailure:
            done = {"rc": 1}
        if done.get("rc") == 0:
            return f"{said}; the settings of before are back"
        return f"{said}; the server puts back the settings of before within {seconds} s"
