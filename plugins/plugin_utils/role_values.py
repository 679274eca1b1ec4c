"""The values that a role would see on a host: its defaults, the inventory's variables, its own variables over all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction

ROLES = Path(__file__).resolve().parents[2] / "roles"


class RoleValues:
    """Variables of one role on the action's host, each with its templates filled in."""

    def __init__(self, action: ApplicationAction, role: str) -> None:
        self._action = action
        self._folder = ROLES / role

    @cached_property
    def _variables(self) -> Mapping[str, Any]:
        return {**self._file("defaults"), **self._action.variables, **self._file("vars")}

    def _file(self, kind: str) -> dict[str, Any]:
        path = self._folder / kind / "main.yml"
        if not path.is_file():
            return {}
        return self._action._loader.load_from_file(str(path), cache="all", trusted_as_template=True) or {}

    def __getitem__(self, name: str) -> Any:
        templar = self._action._templar.copy_with_new_env(available_variables=self._variables)
        return templar.template(self._variables[name])
