"""Changes the host's firewall, proves over a new connection that the controller still gets in, and confirms."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.fleet_access import data_access
from ansible_collections.slipway.vps.plugins.plugin_utils.guarded_action import GuardedAction
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues

WHAT = "the new firewall"


class ActionModule(GuardedAction):
    _VALID_ARGS = frozenset(
        ("enabled", "ssh_ports", "ssh_from", "ssh_rate", "rules", "ping", "log", "interfaces", "seconds")
    )

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.prepare(task_vars)
        except InputError as error:
            return result | input_failure(error)
        arguments = self._arguments()
        answer = self.call_program("firewall", "change", arguments)
        if answer.get("failed"):
            return result | answer | {"msg": f"{self.host}: {answer['msg']}"}
        if answer.get("armed"):
            answer |= self.confirm(WHAT, arguments["seconds"], self.fresh_connection())
        return result | answer

    def _arguments(self) -> dict[str, Any]:
        given = self._task.args
        return {
            "enabled": bool(given.get("enabled", True)),
            "ssh_ports": list(given.get("ssh_ports") or []),
            "ssh_from": list(given.get("ssh_from") or []),
            "ssh_rate": int(given.get("ssh_rate", 30)),
            "rules": [*self._public_rules(), *(given.get("rules") or [])],
            "ping": bool(given.get("ping", True)),
            "log": bool(given.get("log", False)),
            "interfaces": list(given.get("interfaces") or ["docker0", "docker_gwbridge", "br-*"]),
            "seconds": int(given.get("seconds", 60)),
            "data": data_access(self),
            "check": self._task.check_mode,
        }

    def _public_rules(self) -> list[dict[str, Any]]:
        """The proxy's ports, where there is one."""
        if self.host not in self.app_hosts:
            return []
        proxy = RoleValues(self, "proxy")
        http, https = int(proxy["proxy_http_port"]), int(proxy["proxy_https_port"])
        return [{"port": http}, {"port": https}, {"port": https, "protocol": "udp"}]
