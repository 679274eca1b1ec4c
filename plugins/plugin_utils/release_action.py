"""What the action plugins of a release share: which release this run is about, its lock, and its facts."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.image_name import split_tag
from ansible_collections.slipway.vps.plugins.module_utils.release_choice import Choice, choose
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_owner


class ReleaseAction(ApplicationAction):
    """Base of the actions `release` and `hook`; both need the plan of every app host (role plan)."""

    TRANSFERS_FILES = False

    @property
    def planned_hosts(self) -> list[str]:
        """The app hosts of this run: all, or those that --limit leaves."""
        return [host for host in self.app_hosts if "slipway_plan" in self.facts_of(host)]

    def facts_of(self, host: str) -> dict[str, Any]:
        return self.variables["hostvars"][host].get("ansible_facts") or {}

    def plan_of(self, host: str) -> dict[str, Any]:
        return self.facts_of(host)["slipway_plan"]

    def choice(self) -> Choice:
        """The release that this run is about; the same on every host. Raises InputError."""
        plans = {host: self.plan_of(host) for host in self.planned_hosts}
        return choose(plans, str(self._task.args.get("kind", "deploy")), str(self.variables.get("release") or ""))

    def release_lock(self, choice: Choice) -> dict[str, Any]:
        """The module's argument `lock`. Only the first host waits for a lock: two runs cannot wait for each other."""
        purpose = f"{choice.kind} of release {choice.number}" + (f" (to {choice.of})" if choice.of else "")
        return self.lock(purpose, self.host == self.planned_hosts[0])

    def release_facts(self) -> dict[str, Any]:
        """Number, digest, kind and begin of the release, from the phase `lock` of the first host."""
        return self.facts_of(self.planned_hosts[0]).get("slipway_release") or {}

    def first_failure(self) -> str:
        """What went wrong in this run, on whichever host; for tasks in `rescue`."""
        for host in self.planned_hosts:
            result = self.variables["hostvars"][host].get("ansible_failed_result")
            if result:
                return f"{host}: {result.get('phase', '')} failed: {result.get('msg', '')}".replace(":  failed", "")
        return "a host could not be reached"

    def hook_environment(self, choice: Choice) -> dict[str, str]:
        """The release's facts as a hook's environment."""
        facts = self.release_facts()
        commits = [self.facts_of(host).get("slipway_commit", "") for host in self.planned_hosts]
        name = split_tag(self.application.image)[0]
        return {
            "SLIPWAY_APP": self.application.name,
            "SLIPWAY_RELEASE": str(choice.number),
            "SLIPWAY_KIND": choice.kind,
            "SLIPWAY_IMAGE": f"{name}@{choice.digest or facts.get('digest', '')}",
            "SLIPWAY_COMMIT": next((commit for commit in commits if commit), ""),
            "SLIPWAY_HOSTS": ",".join(self.planned_hosts),
            "SLIPWAY_BY": run_owner(),
            "SLIPWAY_SECONDS": f"{max(0.0, time.time() - float(facts.get('started', time.time()))):.1f}",
        }
