"""Ends a release that failed, with the first cause, on whichever host it was."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.plugin_utils.release_action import ReleaseAction


class ActionModule(ReleaseAction):
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        self.prepare(task_vars)
        release = self.facts_of(self.host).get("slipway_release")
        what = f"Release {release['number']} was taken back" if release else "Nothing was begun"
        return result | {"failed": True, "msg": f"{what}. Cause: {self.first_failure()}", "slipway_summary": True}
