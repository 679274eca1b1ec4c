"""Carries out one phase of a release on a host: renders what the module needs, shows progress, and never lets a revert fail the others'."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.slipway.vps.plugins.module_utils.duration import parse_duration
from ansible_collections.slipway.vps.plugins.module_utils.image_name import split_tag
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.release_choice import Choice, choose
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import render_host, secrets_stamp
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_owner, run_token

# These must not fail: in Ansible a failure inside `rescue` or `always` ends it on every host.
UNSTOPPABLE = ("revert", "unlock")


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("phase", "kind", "lock_seconds", "keep"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        phase = self._task.args["phase"]
        begun = time.time()
        try:
            self.prepare(task_vars)
            outcome = self._carry_out(phase)
        except InputError as error:
            return result | input_failure(error)
        except AnsibleConnectionFailure as error:
            if phase not in UNSTOPPABLE:
                raise
            outcome = {"failed": True, "msg": f"cannot be reached: {error}"}
        outcome.pop("invocation", None)
        if phase in UNSTOPPABLE and (outcome.get("failed") or outcome.get("unreachable")):
            reason = outcome.get("msg", "failed")
            outcome = {"changed": False, "message": f"{phase} did not end: {reason}; the next deploy does it", "slipway_warning": True}
        if outcome.get("failed") and phase not in UNSTOPPABLE:
            outcome["ansible_facts"] = {"slipway_failure": f"{phase}: {outcome.get('msg', '')}"}
        return result | outcome | {"phase": phase, "seconds": round(time.time() - begun, 2)}

    def _carry_out(self, phase: str) -> dict[str, Any]:
        plans = {host: self._plan_of(host) for host in self.app_hosts}
        choice = choose(plans, str(self._task.args.get("kind", "deploy")), str(self.variables.get("release") or ""))
        arguments = {
            "application": self.application.name,
            "phase": phase,
            "number": choice.number,
            "lock": self._lock(choice),
            "drain_seconds": self.application.drain_timeout,
            "keep": int(self._task.args.get("keep", 5)),
            "health": render_host(self).health,
        }
        if phase == "lock":
            arguments["image"] = "" if choice.digest else self._plan_of(self.host)["ask"] if self.host == self.app_hosts[0] else ""
        elif phase == "pull":
            arguments |= self._pull_arguments(choice)
        elif phase == "migrate":
            arguments["migrate_seconds"] = parse_duration((self.application.migrate or {}).get("timeout", "10m"))
        elif phase == "revert":
            arguments["reason"] = self._failure()
        outcome = self.call("slipway.vps.release", arguments)
        if phase == "lock" and not outcome.get("failed"):
            digest = choice.digest or outcome.get("digest", "")
            outcome["ansible_facts"] = {"slipway_release": {"number": choice.number, "digest": digest, "kind": choice.kind, "of": choice.of}}
        return outcome

    def _plan_of(self, host: str) -> dict[str, Any]:
        return self.variables["hostvars"][host]["ansible_facts"]["slipway_plan"]

    def _failure(self) -> str:
        """What went wrong first, on whichever host."""
        for host in self.app_hosts:
            failure = (self.variables["hostvars"][host].get("ansible_facts") or {}).get("slipway_failure")
            if failure:
                return f"{host}: {failure}"
        return "another host failed or could not be reached"

    def _lock(self, choice: Choice) -> dict[str, Any]:
        purpose = f"{choice.kind} of release {choice.number}" + (f" (to {choice.of})" if choice.of else "")
        return {
            "token": run_token(),
            "owner": run_owner(),
            "purpose": purpose,
            "seconds": float(self._task.args.get("lock_seconds", 300)),
            "dead": self._plan_of(self.host)["dead"],
            "wait": parse_duration(self.variables.get("wait_for_lock") or 0) if self.host == self.app_hosts[0] else 0,
        }

    def _pull_arguments(self, choice: Choice) -> dict[str, Any]:
        rendering = render_host(self)
        assert rendering.release is not None
        first = self.variables["hostvars"][self.app_hosts[0]]["ansible_facts"].get("slipway_release", {})
        digest = choice.digest or first.get("digest", "")
        if not digest:
            raise InputError([Problem(self.application.name, "image", "no digest", "an image in the registry (playbooks/build.yml)")])
        name, tag = split_tag(rendering.image)
        plan = self._plan_of(self.host)
        kept = plan["releases"].get(str(choice.of), {}) if choice.of else {}
        record = {
            "number": choice.number,
            "kind": choice.kind,
            "of": choice.of,
            "image": kept.get("image") or f"{name}@{digest}",
            "digest": digest,
            "tag": kept.get("tag") or tag,
            "config": kept.get("config") or rendering.release.config,
            "secrets": secrets_stamp(self),
            "by": run_owner(),
            "started": time.time(),
        }
        return {
            "image": record["image"],
            "compose": {} if choice.of else rendering.release.compose,
            "from_release": choice.of,
            "secrets": self.application.secrets,
            "record": record,
        }
