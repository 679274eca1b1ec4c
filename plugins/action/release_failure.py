"""Ends a release that failed, with the first cause, on whichever host it was."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.plugin_utils.release_action import ReleaseAction

# The callback prints the message as it is.
SUMMARY = {"slipway_summary": True}


class ActionModule(ReleaseAction):
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        self.prepare(task_vars)
        release = self.release_facts()
        return result | {"failed": True, "msg": f"{self._outcome(release)}. Cause: {self.first_failure()}", **SUMMARY}

    def _outcome(self, release: dict[str, Any]) -> str:
        if not release:
            return "Nothing was begun"
        if self.stands(release["number"]):
            return f"Release {release['number']} was live before and stays"
        left = [host for host in self.release_hosts if not self.facts_of(host).get("slipway_reverted")]
        if left:
            names = ", ".join(left)
            return f"Release {release['number']} failed; {names} could not be taken back, the next deploy does that"
        return f"Release {release['number']} was taken back"
