"""Hardens a host; the operator, once proven over a new connection, is the one who hardens sshd and confirms it."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.module_utils.sshd_settings import limits_users
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.fresh_connection import FreshConnection
from ansible_collections.slipway.vps.plugins.plugin_utils.guarded_action import PATIENCE_SECONDS, GuardedAction
from ansible_collections.slipway.vps.plugins.plugin_utils.remote_program import program, read_answer

ROOT = "root"
WHAT = "the new settings of SSH"
SETTLED = (
    "upgrades",
    "upgrades_reboot",
    "time",
    "journal",
    "journal_size",
    "sysctl",
    "modules",
    "swap",
    "swap_megabytes",
    "core_dumps",
    "quiet_login",
    "file_modes",
    "shell_timeout",
    "removed_packages",
    "audit",
    "login_settings",
    "strict",
)
OF_SSH = ("operator", "operator_keys", "root_login", "ssh", "ssh_classical_exchange", "ssh_options", "seconds")


class ActionModule(GuardedAction):
    _VALID_ARGS = frozenset((*OF_SSH, *SETTLED))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.prepare(task_vars)
        except InputError as error:
            return result | input_failure(error)
        plan = (self.variables.get("ansible_facts") or {}).get("slipway_plan") or {}
        user = str(plan.get("user") or "")
        settled = self.call_program("baseline", "settle", self._settled(user))
        if settled.get("failed"):
            return result | settled | {"msg": f"{self.host}: {settled['msg']}"}
        secured = self._secure(user)
        diff = settled["diff"] + secured.get("diff", [])
        result |= {
            "changed": bool(settled["changed"] or secured.get("changed")),
            "actions": settled["actions"],
            "diff": diff,
            "slipway_skipped": settled["skipped"],
        }
        if secured.get("failed"):
            return result | {"failed": True, "msg": secured["msg"], "log": secured.get("log", "")}
        if user and user != ROOT:
            # From here on this run, too, is the operator's: root's login may be off.
            result["ansible_facts"] = {"slipway_login": {"user": user, "become": True}}
        return result

    def _settled(self, user: str) -> dict[str, Any]:
        given = self._task.args
        operator = user if given["operator"] and user != ROOT else ""
        login = str(self._connection.get_option("remote_user") or ROOT)
        more: dict[str, Any] = {"operator": operator, "keys": list(given["operator_keys"]), "login": login}
        for name in ("sysctl", "login_settings"):
            more[name] = {str(key): str(value) for key, value in given[name].items()}
        return {name: given[name] for name in SETTLED} | more | {"check": self._task.check_mode}

    def _ssh(self, user: str) -> dict[str, Any]:
        given = self._task.args
        options = dict(given["ssh_options"])
        if not given["root_login"] and "PermitRootLogin" not in options:
            options["PermitRootLogin"] = "no" if user and user != ROOT else "prohibit-password"
        if given["strict"] and user and not limits_users(options):
            options["AllowUsers"] = user
        return {
            "enabled": bool(given["ssh"]),
            "options": options,
            "classical": bool(given["ssh_classical_exchange"]),
            "operator": user if given["operator"] else "",
            "keys": list(given["operator_keys"]),
            "seconds": int(given["seconds"]),
            "check": self._task.check_mode,
        }

    def _secure(self, user: str) -> dict[str, Any]:
        """Hardens sshd: by the user of the inventory over a new connection, which proves that it can."""
        arguments = self._ssh(user)
        fresh = self.fresh_connection()
        if fresh is None or self._task.check_mode:
            answer = self.call_program("baseline", "secure_ssh", arguments)
        else:
            fresh = fresh.as_user(user) if user else fresh
            answer = self._over(fresh, arguments)
        if answer.get("failed"):
            return answer | {"msg": f"{self.host}: {answer['msg']}"}
        if answer.get("armed"):
            answer |= self.confirm(WHAT, arguments["seconds"], fresh)
        return answer

    def _over(self, fresh: FreshConnection, arguments: dict[str, Any]) -> dict[str, Any]:
        text = program("baseline", "secure_ssh", arguments)
        answer = fresh.insist(f"{self.python} -IS -", PATIENCE_SECONDS, text, repeatable=False)
        if not answer.reached or "sudo:" in answer.stderr:
            who = fresh.settings["user"] or "the user of this connection"
            said = f"{who} cannot administer the server over a new connection ({answer.reason})"
            return {"failed": True, "msg": f"{said}; SSH is left as it was"}
        return read_answer(answer.stdout, answer.stderr, answer.code)
