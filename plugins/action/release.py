"""Carries out one phase of a release on a host and shows progress; a revert never fails, for the other hosts' sake."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.slipway.vps.plugins.module_utils.duration import parse_duration
from ansible_collections.slipway.vps.plugins.module_utils.image_name import split_tag
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.release_choice import Choice
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.release_action import ReleaseAction
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import render_host, secrets_stamp
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import run_owner

# These must not fail: in Ansible a failure inside `rescue` or `always` ends it on every host.
UNSTOPPABLE = ("revert", "unlock")


class ActionModule(ReleaseAction):
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
            outcome = {
                "changed": False,
                "message": f"{phase} did not end: {reason}; the next deploy does it",
                "slipway_warning": True,
            }
        return result | outcome | {"phase": phase, "seconds": round(time.time() - begun, 2)}

    def _carry_out(self, phase: str) -> dict[str, Any]:
        choice = self.choice()
        arguments = {
            "application": self.application.name,
            "phase": phase,
            "number": choice.number,
            "lock": self.release_lock(choice),
            "drain_seconds": self.application.drain_timeout,
            "keep": int(self._task.args.get("keep", 5)),
            "health": render_host(self).health,
        }
        if phase == "lock" and not choice.digest and self.host == self.planned_hosts[0]:
            arguments["image"] = self.plan_of(self.host)["ask"]
        elif phase == "pull":
            arguments |= self._pull_arguments(choice)
        elif phase == "migrate":
            arguments["seconds"] = parse_duration((self.application.migrate or {}).get("timeout", "10m"))
        elif phase == "revert":
            arguments["reason"] = self.first_failure()
        outcome = self.call("slipway.vps.release", arguments)
        if not outcome.get("failed"):
            outcome["ansible_facts"] = self._facts(phase, choice, outcome)
        return outcome

    def _facts(self, phase: str, choice: Choice, outcome: dict[str, Any]) -> dict[str, Any]:
        if phase == "lock":
            digest = choice.digest or outcome.get("digest", "")
            release = {
                "number": choice.number,
                "digest": digest,
                "kind": choice.kind,
                "of": choice.of,
                "started": time.time(),
            }
            return {"slipway_release": release}
        if phase == "settle":
            return {"slipway_settled": choice.number}
        return {"slipway_commit": outcome["commit"]} if phase == "pull" and "commit" in outcome else {}

    def _pull_arguments(self, choice: Choice) -> dict[str, Any]:
        rendering = render_host(self)
        assert rendering.release is not None
        digest = choice.digest or self.release_facts().get("digest", "")
        if not digest:
            raise InputError(
                [Problem(self.application.name, "image", "no digest", "an image in the registry (playbooks/build.yml)")]
            )
        name, tag = split_tag(rendering.image)
        kept = self.plan_of(self.host)["releases"].get(str(choice.of), {}) if choice.of else {}
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
            "started": self.release_facts().get("started", time.time()),
        }
        return {
            "image": record["image"],
            "compose": {} if choice.of else rendering.release.compose,
            "from_release": choice.of,
            "secrets": self.application.secrets,
            "record": record,
            "facts": self.hook_environment(choice),
        }
