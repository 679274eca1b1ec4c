"""Carries out one phase of a release on a host and shows progress; a revert never fails, for the other hosts' sake."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.slipway.vps.plugins.module_utils.compose import MIGRATE, hook_process
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
        if self._task.check_mode:
            return result | {"changed": False, "skipped": True, "message": "nothing is done in check mode"}
        try:
            self.prepare(task_vars)
            choice = self.choice()
            if self._has_nothing_to_do(phase, choice):
                return result | {"changed": False, "skipped": True}
            outcome = self._carry_out(phase, choice)
        except InputError as error:
            return result | input_failure(error)
        except AnsibleConnectionFailure as error:
            if phase not in UNSTOPPABLE:
                raise
            outcome = {"failed": True, "msg": f"cannot be reached: {error}"}
        if phase in UNSTOPPABLE and outcome.get("failed"):
            outcome = _let_go(phase, str(outcome.get("msg", "failed")))
        return result | outcome | {"phase": phase, "seconds": round(time.time() - begun, 2)}

    def _has_nothing_to_do(self, phase: str, choice: Choice) -> bool:
        """Whether the phase is none of this host's business: then it costs no round trip."""
        if phase == "migrate":
            return not self._migrates(choice)
        if phase == "revert":
            return not self.release_facts() or self.stands(choice.number)
        return phase == "unlock" and bool(self.facts_of(self.host).get("slipway_unlocked"))

    def _migrates(self, choice: Choice) -> bool:
        """The first host migrates for all, unless the release is live somewhere: then it was done before that."""
        done = any(self.plan_of(host)["live"] == choice.number for host in self.planned_hosts)
        return bool(self.application.migrate) and self.is_first and choice.kind != "rollback" and not done

    def _carry_out(self, phase: str, choice: Choice) -> dict[str, Any]:
        arguments = {
            "application": self.application.name,
            "phase": phase,
            "number": choice.number,
            "lock": self.release_lock(choice),
            "drain_seconds": self.application.drain_timeout,
            "keep": int(self._task.args.get("keep", 5)),
            "health": self._health(choice),
        }
        if phase == "lock":
            # The first host's lock is the fleet's: of two deploys at once one gets it, and the other touches nothing.
            # The other hosts' own locks are taken with the phase `pull`.
            if not self.is_first:
                return {"changed": False, "ansible_facts": self._facts(phase, choice, {}), "slipway_quiet": True}
            arguments["image"] = "" if choice.digest else self.plan_of(self.host)["ask"]
        elif phase == "pull":
            arguments |= self._pull_arguments(choice)
        elif phase == "migrate":
            arguments["seconds"] = parse_duration((self.application.migrate or {}).get("timeout", "10m"))
        elif phase == "revert":
            arguments["reason"] = self.first_failure()
        elif phase == "settle":
            arguments["unlock"] = self._is_last_step()
        outcome = self.call_engine(arguments)
        if not outcome.get("failed"):
            outcome["ansible_facts"] = self._facts(phase, choice, outcome)
        return outcome

    def _health(self, choice: Choice) -> dict[str, Any]:
        """How the web process is asked; a release that comes back, on the port and the path that it had."""
        health = render_host(self).health
        kept = self.plan_of(self.host)["releases"].get(str(choice.of), {}) if choice.of else {}
        return {**health, **{key: kept[key] for key in ("port", "path") if kept.get(key)}} if health else health

    def _is_last_step(self) -> bool:
        """Whether settle ends this host's part; the first host's lock is held until all have settled and hooks ran."""
        return not self.is_first or (len(self.release_hosts) == 1 and "after_release" not in self.application.hooks)

    def _facts(self, phase: str, choice: Choice, outcome: dict[str, Any]) -> dict[str, Any]:
        if phase == "lock":
            release = {
                "number": choice.number,
                "digest": choice.digest or outcome.get("digest", ""),
                "kind": choice.kind,
                "of": choice.of,
                "started": time.time(),
            }
            return {"slipway_release": release}
        if phase == "settle":
            return {"slipway_unlocked": self._is_last_step()}
        if phase == "revert":
            return {"slipway_reverted": True}
        return {"slipway_commit": outcome["commit"]} if "commit" in outcome else {}

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
            "port": kept.get("port") or self.application.port,
            "path": kept.get("path") or self.application.health,
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
            "one_offs": self._one_offs(choice),
        }

    def _one_offs(self, choice: Choice) -> list[str]:
        """The containers that run once, on the first host alone."""
        hooks = [hook_process(name) for name, hook in self.application.hooks.items() if "container" in hook]
        return [*([MIGRATE] if self._migrates(choice) else []), *hooks] if self.is_first else []


def _let_go(phase: str, reason: str) -> dict[str, Any]:
    return {
        "changed": False,
        "message": f"{phase} did not end: {reason}; the next deploy does it",
        "slipway_warning": True,
    }
