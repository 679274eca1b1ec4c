"""Checks the inventory and the application, on the controller, before any host is contacted."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.application import KEYS
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import (
    application_names,
    inventory_problems,
    load_application,
)


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _requires_connection = False
    _VALID_ARGS = frozenset(("for",))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.prepare(task_vars)
            builds = self._task.args.get("for") == "build"
            problems = inventory_problems(self.inventory_folder, self.groups, builds) + self._domain_problems()
            problems += self._restart_problems() + (self._build_problems() if builds else [])
            if problems:
                raise InputError(problems)
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

    def _build_problems(self) -> list[Problem]:
        if self.application.build:
            return []
        file = f"apps/{self.application.name}.yml"
        return [Problem(file, "build", "nothing", f"{KEYS['build']}: what build.yml makes the image from")]

    def _restart_problems(self) -> list[Problem]:
        """A name after -e restart= that no service has is a slip that would be noticed too late."""
        wanted = [name for name in str(self.variables.get("restart") or "").split(",") if name]
        names = [service.name for service in self.application.services]
        expected = "one of " + (", ".join(names) or "(this application has no data service)")
        return [Problem(self.application.name, "-e restart", name, expected) for name in wanted if name not in names]

    def _domain_problems(self) -> list[Problem]:
        """Two applications cannot both have a domain; the proxy would not know where to send a request."""
        problems = []
        for name in application_names(self.inventory_folder):
            if name == self.application.name:
                continue
            try:
                other = load_application(self.inventory_folder, name, self._loader, self._templar, self.variables)
            except InputError:
                continue
            taken = {domain.lower() for domain in other.domains}
            for domain in sorted(domain for domain in self.application.domains if domain.lower() in taken):
                problems.append(
                    Problem(
                        f"apps/{self.application.name}.yml",
                        "domains",
                        f"{domain}, which {name} has too",
                        "each domain once",
                    )
                )
        return problems
