"""Ends a release that failed, with the first cause, on whichever host it was."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables = task_vars or {}
        facts = variables.get("ansible_facts") or {}
        number = (facts.get("slipway_release") or {}).get("number")
        what = f"release {number} was taken back" if number else "nothing was begun"
        return result | {
            "failed": True,
            "msg": f"{what}: {facts.get('slipway_failure') or _first_failure(variables)}",
            "slipway_summary": True,
        }


def _first_failure(variables: dict[str, Any]) -> str:
    """The cause on another host of this play."""
    for host in variables.get("ansible_play_hosts_all", []):
        failure = (variables["hostvars"][host].get("ansible_facts") or {}).get("slipway_failure")
        if failure:
            return f"{host}: {failure}"
    return "another host failed or could not be reached"
