"""Verifies one host: writes down what must be true of it, lets testinfra check that, and tells the outcome in short
lines.
"""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.duration import show_duration
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.host_expectation import host_expectation
from ansible_collections.slipway.vps.plugins.plugin_utils.ssh_settings import connection_settings, ssh_config
from ansible_collections.slipway.vps.plugins.plugin_utils.verification import Verification, missing_package, verify

SSH_CONNECTIONS = ("ssh", "ansible.builtin.ssh")
# So many failures are told one by one.
SHOWN_FAILURES = 10


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("release", "seconds", "authority"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars) | {"changed": False, "phase": "verify"}
        begun = time.time()
        if self._task.check_mode:
            return result | {"message": "nothing is verified in check mode", "checks": 0, "failures": []}
        try:
            self.prepare(task_vars)
            outcome = self._verify()
        except InputError as error:
            return result | input_failure(error)
        return result | self._result(outcome, time.time() - begun)

    def _verify(self) -> Verification:
        if self._connection.transport not in SSH_CONNECTIONS:
            return Verification(
                error=f"testinfra reaches a host by ssh, and this one's connection is {self._connection.transport}"
            )
        package = missing_package()
        if package:
            return Verification(error=f"the Python package {package} is missing beside Ansible: run `make setup`")
        expectation = host_expectation(
            self, int(self._task.args.get("release") or 0), str(self._task.args.get("authority") or "")
        )
        # Opens the connection that testinfra then shares; a host that cannot be reached is Ansible's to report.
        self._low_level_execute_command("true", sudoable=False)
        known_hosts = self.inventory_folder / "known_hosts"
        config = ssh_config(
            self.host, connection_settings(self._connection), known_hosts if known_hosts.is_file() else None
        )
        become = bool(self._play_context.become) and self._connection.get_option("remote_user") != "root"
        expectation["connection"] = {"name": self.host, "sudo": become}
        return verify(expectation, config, float(self._task.args.get("seconds") or 120))

    def _result(self, outcome: Verification, seconds: float) -> dict[str, Any]:
        lines = outcome.failure_lines()
        facts = {
            "checks": outcome.checks,
            # Not `skipped`: Ansible takes a task with that key for one that was skipped.
            "not_applicable": outcome.skipped,
            "release_verified": outcome.release,
            "failures": lines,
            "seconds": round(seconds, 2),
            "stdout": outcome.output,
            "slipway_show": True,
        }
        if outcome.error:
            return self._failed(outcome.error, "", facts)
        if lines:
            more = (
                [f"… and {len(lines) - SHOWN_FAILURES} more; -v shows all of them"]
                if len(lines) > SHOWN_FAILURES
                else []
            )
            log = "\n".join(outcome.log_lines())
            message = f"{len(lines)} of {outcome.checks} checks failed"
            return self._failed(
                "\n".join([message, *(f"    - {line}" for line in [*lines[:SHOWN_FAILURES], *more])]), log, facts
            )
        skipped = f", {outcome.skipped} did not apply" if outcome.skipped else ""
        return facts | {"message": f"{outcome.checks} checks passed in {show_duration(seconds)}{skipped}"}

    def _failed(self, message: str, log: str, facts: dict[str, Any]) -> dict[str, Any]:
        first = message.splitlines()[:2]
        reason = f"verify: {' '.join(line.strip(' -') for line in first)}"
        return facts | {
            "failed": True,
            "msg": message,
            "message": message,
            "slipway_log": log,
            "ansible_facts": {"slipway_failure": reason},
        }
