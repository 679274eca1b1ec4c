"""Brings the data services of the application on a host to their wanted state."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import render_host


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("seconds",))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        begun = time.time()
        try:
            self.prepare(task_vars)
        except InputError as error:
            return result | input_failure(error)
        rendering = render_host(self)
        compose = dict(rendering.services.compose)
        if rendering.release is not None:
            # The volumes of the processes are external, too, and must be there before the first release.
            more = {name: {"name": name, "external": True} for name in rendering.release.volumes}
            compose["volumes"] = {**compose.get("volumes", {}), **more}
        arguments = {
            "application": self.application.name,
            "lock": self.lock("data services", may_wait=True),
            "compose": compose,
            "secrets": rendering.services.secrets,
            "generated": list(rendering.services.generated),
            "seconds": float(self._task.args.get("seconds", 240)),
        }
        outcome = self.call("slipway.vps.services", arguments)
        outcome.pop("invocation", None)
        return result | outcome | {"seconds": round(time.time() - begun, 2)}
