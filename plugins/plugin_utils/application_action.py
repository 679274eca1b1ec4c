"""What the action plugins share: the application, its hosts, and calls to modules that go on waiting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.action import ActionBase
from ansible_collections.slipway.vps.plugins.module_utils.application import APP_GROUP, DATA_GROUP, Application
from ansible_collections.slipway.vps.plugins.module_utils.duration import parse_seconds
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import (
    application_name,
    load_application,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_owner, run_token

# A phase of a release returns after so many seconds of waiting, so that progress can be shown.
PATIENCE_SECONDS = 5.0


class ApplicationAction(ActionBase):
    """Base of Slipway's action plugins. `variables` are the host's; set by `prepare`."""

    variables: dict[str, Any]
    application: Application

    def prepare(self, task_vars: dict[str, Any] | None) -> None:
        """Loads and validates the application. Raises InputError."""
        self.variables = task_vars or {}
        name = application_name(self.inventory_folder, str(self.variables.get("app") or ""))
        self.application = load_application(self.inventory_folder, name, self._loader, self._templar, self.variables)

    @property
    def inventory_folder(self) -> Path:
        folder = self.variables.get("inventory_dir")
        if not folder:
            source = Path((context.CLIARGS.get("inventory") or ["inventory"])[0])
            folder = source if source.is_dir() else source.parent
        path = Path(str(folder)).resolve()
        return path if (path / "apps").is_dir() else path.parent if (path.parent / "apps").is_dir() else path

    @property
    def host(self) -> str:
        return str(self.variables["inventory_hostname"])

    @property
    def groups(self) -> dict[str, list[str]]:
        return self.variables["groups"]

    @property
    def app_hosts(self) -> list[str]:
        return list(self.groups.get(APP_GROUP) or [])

    @property
    def data_host(self) -> str:
        """The host of the data services: the first of the group `data`, else the first app host."""
        return (self.groups.get(DATA_GROUP) or self.app_hosts)[0]

    @property
    def data_elsewhere(self) -> bool:
        """Whether some process of the application runs on another host than its data services."""
        return any(host != self.data_host for host in self.app_hosts)

    def of_host(self, host: str, name: str, default: Any = None) -> Any:
        """A variable of another host, with its templates filled in."""
        return self.variables["hostvars"][host].get(name, default)

    def private_address(self, host: str) -> str:
        return str(self.of_host(host, "private_address") or self.of_host(host, "ansible_host") or host)

    def lock(self, purpose: str, may_wait: bool) -> dict[str, Any]:
        """The argument `lock` of the modules that work under one; needs the host's plan (role plan)."""
        plan = (self.variables.get("ansible_facts") or {}).get("slipway_plan") or {}
        return {
            "token": run_token(),
            "owner": run_owner(),
            "purpose": purpose,
            "seconds": float(self._task.args.get("lock_seconds", 300)),
            "dead": plan.get("dead", ""),
            "wait": parse_seconds(self.variables.get("wait_for_lock") or 0) if may_wait else 0,
        }

    def say(self, text: str) -> None:
        """One line of progress, in step with the callback's lines."""
        self._display.display(f"     {self.host}: {text}")

    def call(self, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Runs a module on the host, again and again until it has finished; shows what it waits for when that changes
        or takes long.
        """
        changed = False
        while True:
            result = self._execute_module(
                module_name=module, module_args={**arguments, "patience": PATIENCE_SECONDS}, task_vars=self.variables
            )
            changed = changed or bool(result.get("changed"))
            if result.get("failed") or result.get("unreachable") or result.get("finished", True):
                return {**result, "changed": changed}
            self.say(result.get("message", ""))


def input_failure(error: InputError) -> dict[str, Any]:
    """The result of a task whose input is wrong: one line a problem, no traceback."""
    return {"failed": True, "msg": str(error), "slipway_input": [str(problem) for problem in error.problems]}
