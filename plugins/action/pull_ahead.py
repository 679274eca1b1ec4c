"""Lets a host pull the images of the application while it is still being set up."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.remote_program import program, run_program
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import render_host


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.prepare(task_vars)
        except InputError as error:
            return result | input_failure(error)
        rendering = render_host(self)
        images = sorted({definition["image"] for definition in rendering.services.compose["services"].values()})
        release = rendering.image if rendering.release else ""
        if self._task.check_mode or not (images or release):
            return result | {"changed": False, "skipped": True}
        python = self._templar.template(self.variables.get("ansible_python_interpreter") or "python3")
        arguments = {"images": images, "release": release, "ask": rendering.ask}
        return result | run_program(self, str(python), program("images_ahead", "pull_ahead", arguments))
