"""What the action plugins of a release share: which release this run is about, its lock, and its facts."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.image_name import split_tag
from ansible_collections.slipway.vps.plugins.module_utils.release_choice import Choice, choose
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import PATIENCE_SECONDS, ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.remote_program import program, run_program
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_owner


class ReleaseAction(ApplicationAction):
    """Base of the actions `release` and `hook`; both need the plan of every app host (role plan)."""

    TRANSFERS_FILES = False

    @property
    def planned_hosts(self) -> list[str]:
        """The app hosts of this run: all, or those that --limit leaves."""
        return [host for host in self.app_hosts if "slipway_plan" in self.facts_of(host)]

    @property
    def release_hosts(self) -> list[str]:
        """The hosts that get the release in this run; those that have it already are not among them."""
        playing = set(self.variables.get("ansible_play_hosts_all") or self.planned_hosts)
        return [host for host in self.planned_hosts if host in playing]

    @property
    def is_first(self) -> bool:
        """Whether this is the host that does what is done once for the fleet."""
        return self.host == self.release_hosts[0]

    def facts_of(self, host: str) -> dict[str, Any]:
        return self.variables["hostvars"][host].get("ansible_facts") or {}

    def plan_of(self, host: str) -> dict[str, Any]:
        return self.facts_of(host)["slipway_plan"]

    def choice(self) -> Choice:
        """The release that this run is about; the same on every host. Raises InputError."""
        plans = {host: self.plan_of(host) for host in self.planned_hosts}
        return choose(plans, str(self._task.args.get("kind", "deploy")), str(self.variables.get("release") or ""))

    def stands(self, number: int) -> bool:
        """Whether an earlier run verified the release, so that some host may have let go of the one before it."""
        plans = [self.plan_of(host) for host in self.planned_hosts]
        return any(plan["live"] == number and plan["stands"] for plan in plans)

    def release_lock(self, choice: Choice) -> dict[str, Any]:
        """The engine's argument `lock`. Only the first host waits for a lock: two runs cannot wait for each other."""
        purpose = f"{choice.kind} of release {choice.number}" + (f" (to {choice.of})" if choice.of else "")
        return self.lock(purpose, self.is_first)

    def call_engine(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Runs a step of the engine (module_utils/release_run.py) on the host, again until it has finished."""
        python = self._templar.template(self.variables.get("ansible_python_interpreter") or "python3")
        begun, wait, changed = time.monotonic(), arguments["lock"]["wait"], False
        while True:
            left = max(0.0, wait - (time.monotonic() - begun))
            given = {**arguments, "lock": {**arguments["lock"], "wait": left}, "patience": PATIENCE_SECONDS}
            result = run_program(self, str(python), program("release_run", "answer", given))
            changed = changed or bool(result.get("changed"))
            if result.get("failed") or result.get("finished", True):
                return {**result, "changed": changed}
            self.say(result.get("message", ""))

    def release_facts(self) -> dict[str, Any]:
        """Number, digest, kind and begin of the release, from the phase `lock` of the first host; empty before that."""
        return self.facts_of(self.release_hosts[0]).get("slipway_release") or {}

    def first_failure(self) -> str:
        """What went wrong in this run, on whichever host; for tasks in `rescue`."""
        for host in self.release_hosts:
            result = self.variables["hostvars"][host].get("ansible_failed_result")
            if result:
                return f"{host}: {result.get('phase', '')} failed: {result.get('msg', '')}".replace(":  failed", "")
        away = [host for host in self.release_hosts if host not in (self.variables.get("ansible_play_hosts") or [])]
        return f"{', '.join(away) or 'a host'} could not be reached"

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
            "SLIPWAY_HOSTS": ",".join(self.release_hosts),
            "SLIPWAY_BY": run_owner(),
            "SLIPWAY_SECONDS": f"{max(0.0, time.time() - float(facts.get('started', time.time()))):.1f}",
        }
