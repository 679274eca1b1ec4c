"""Runs one of the application's hooks: a command on the controller, or a container of the new image on one host."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.slipway.vps.plugins.module_utils.compose import hook_process
from ansible_collections.slipway.vps.plugins.module_utils.docker_engine import tail
from ansible_collections.slipway.vps.plugins.module_utils.duration import parse_duration
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.release_action import ReleaseAction


class ActionModule(ReleaseAction):
    _VALID_ARGS = frozenset(("name", "kind", "where", "lock_seconds"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        name, where = self._task.args["name"], self._task.args["where"]
        try:
            self.prepare(task_vars)
            hook = self.application.hooks.get(name) or {}
            if not self.is_first or (where == "controller") != ("command" in hook):
                return result | {"skipped": True}
            seconds = parse_duration(hook.get("timeout", "5m"))
            outcome = (
                self._command(hook["command"], seconds) if where == "controller" else self._container(name, seconds)
            )
        except InputError as error:
            return result | input_failure(error)
        except AnsibleConnectionFailure as error:
            # A failure inside `rescue` would keep the other hosts from going back.
            if name != "on_failure":
                raise
            outcome = {"failed": True, "msg": f"cannot be reached: {error}"}
        if outcome.get("failed") and name == "on_failure":
            outcome = {
                "changed": True,
                "message": f"the hook on_failure failed itself: {outcome.get('msg')}",
                "slipway_warning": True,
            }
        return result | {"message": f"{name} ran"} | outcome | {"phase": f"hook {name}"}

    def _command(self, command: list[str], seconds: float) -> dict[str, Any]:
        environment = {**os.environ, **self.hook_environment(self.choice())}
        if self._task.args["name"] == "on_failure":
            environment["SLIPWAY_FAILURE"] = self.first_failure()
        words = [str(word) for word in command]
        try:
            done = subprocess.run(
                words,
                cwd=self.inventory_folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            return {
                "failed": True,
                "msg": f"there is no command {words[0]} on this machine (looked from {self.inventory_folder})",
            }
        except subprocess.TimeoutExpired:
            return {"failed": True, "msg": f"{words[0]} did not end within {seconds:.0f} s (its `timeout`)"}
        if done.returncode:
            return {
                "failed": True,
                "msg": f"{words[0]} ended with exit code {done.returncode}",
                "log": tail(done.stdout + done.stderr),
            }
        return {"changed": True, "stdout": done.stdout}

    def _container(self, name: str, seconds: float) -> dict[str, Any]:
        choice = self.choice()
        arguments = {
            "phase": "hook",
            "process": hook_process(name),
            "seconds": seconds,
            "number": choice.number,
            "lock": self.release_lock(choice),
        }
        return self.call_engine({"application": self.application.name, **arguments})
