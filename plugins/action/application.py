"""Checks the inventory and the application, on the controller, before any host is contacted."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.input_check import check_input


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _requires_connection = False
    _VALID_ARGS = frozenset(("for",))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.prepare(task_vars)
            check_input(self, builds=self._task.args.get("for") == "build")
        except InputError as error:
            return result | input_failure(error)
        application = self.application
        build = application.build or {}
        context = (self.inventory_folder / build["context"]).resolve() if build else None
        facts = {
            "name": application.name,
            "image": application.image,
            "domains": list(application.domains),
            "port": application.port,
            "build": {**build, "context": str(context)} if build else {},
        }
        return result | {"changed": False, "application": facts}
