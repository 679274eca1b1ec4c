"""Probes a host over the bare connection, as `raw` does, and plans what is to be done to it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.application import DATA_GROUP
from ansible_collections.slipway.vps.plugins.module_utils.docker_engine import explain
from ansible_collections.slipway.vps.plugins.module_utils.files import FormatError
from ansible_collections.slipway.vps.plugins.module_utils.plan import SETTLED, HostPlan, Wanted, make_plan
from ansible_collections.slipway.vps.plugins.module_utils.probe import Probe, probe_script, read_probe
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.site import FILES
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.first_login import first_look
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, WARN, Finding, system_problem
from ansible_collections.slipway.vps.plugins.plugin_utils.input_check import check_input, named_services
from ansible_collections.slipway.vps.plugins.plugin_utils.plan_checks import Asked, asked, findings
from ansible_collections.slipway.vps.plugins.plugin_utils.remote_program import program, run_program
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import (
    HostRendering,
    render_host,
    site_stamp,
    wanted_stamp,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.run_identity import is_gone
from ansible_collections.slipway.vps.plugins.plugin_utils.server_packages import server_packages
from ansible_collections.slipway.vps.plugins.plugin_utils.tls_check import own_files

PURPOSES = ("deploy", "build", "rollback")


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("for",))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        purpose = self._task.args.get("for", "deploy")
        try:
            self.prepare(task_vars)
            if purpose not in PURPOSES:
                raise InputError([Problem("the role plan", "plan_for", repr(purpose), "one of " + ", ".join(PURPOSES))])
            if purpose != "build":
                check_input(self)
        except InputError as error:
            return result | input_failure(error)
        if purpose != "build" and self.host not in (*self.app_hosts, *(self.groups.get(DATA_GROUP) or ())):
            return result | {"changed": False}
        rendering = render_host(self)
        deploys = self.host in self.app_hosts and purpose == "deploy"
        ask = rendering.ask if deploys else ""
        given = asked(self) if deploys else Asked()
        with ThreadPoolExecutor() as pool:
            # scrypt is slow on purpose: it is done while the host answers.
            begun = [pool.submit(lambda: rendering.services), pool.submit(lambda: rendering.secrets)]
            started = time.time()
            look = first_look(self, probe_script(self.application.name, ask, given.ports, given.domains))
            ended = time.time()
            for part in begun:
                part.result()
        try:
            probe = read_probe(str(look.output.get("stdout", "")))
        except (FormatError, ValueError) as error:
            return result | {"failed": True, "msg": f"{self.host}: {error} {look.output.get('stderr', '')}".strip()}
        wanted = self._wanted(rendering, probe)
        plan = make_plan(wanted, probe)
        if look.by_bootstrap and not plan.server:
            plan.server.append(f"server: its user {look.user} cannot log in")
        if purpose == "rollback":
            plan = HostPlan(release=["an earlier release comes back; migrations are not undone"])
        elif purpose == "build":
            plan = HostPlan(server=plan.server)
        doubts = findings(self, probe, given, started, ended) if plan.groups else []
        plan.notes += [str(doubt) for doubt in doubts if doubt.state == WARN]
        if purpose == "deploy" and not plan.groups and not self._task.check_mode:
            plan.notes += self._give_back(probe)
        problem = self._problem(probe, plan, rendering, [doubt for doubt in doubts if doubt.state == FAIL])
        if problem:
            result |= {"failed": True, "msg": problem}
        groups = [] if self._task.check_mode or problem or purpose == "rollback" else plan.groups
        facts = self._facts(probe, plan, wanted, rendering)
        facts |= {"user": look.user, "login": {"user": look.login, "become": look.become}}
        result |= {
            "changed": bool(plan.groups),
            "ansible_facts": {"slipway_plan": facts},
            "slipway_lines": plan.server + plan.services + plan.release,
            "slipway_notes": plan.notes,
            "slipway_left_alone": plan.left_alone,
        }
        if groups:
            # The strategy puts the host into this group and the group into these parents, as for group_by.
            result |= {"add_group": "slipway_" + "_".join(groups), "parent_groups": groups}
        return result

    def _wanted(self, rendering: HostRendering, probe: Probe) -> Wanted:
        return Wanted(
            application=self.application.name,
            stamp=wanted_stamp(self),
            services=rendering.services,
            release=rendering.release,
            image=rendering.image,
            digest=probe.digest,
            secrets=rendering.secrets,
            site=site_stamp(self) if rendering.health else "",
            has_web=bool(rendering.health),
            replicas=rendering.replicas,
        )

    def _give_back(self, probe: Probe) -> list[str]:
        """Removes the lock of a run that is gone, where no release will take it over; returns what is to be said."""
        held = probe.lock
        if not held or not (is_gone(str(held["token"])) or held["expires_at"] < time.time()):
            return []
        python = self._templar.template(self.variables.get("ansible_python_interpreter") or "python3")
        # As that run would have done it: nothing happens if another one has taken the lock by now.
        lock = {"token": held["token"], "seconds": 0}
        arguments = {"application": self.application.name, "phase": "unlock", "lock": lock, "patience": 0}
        if not run_program(self, str(python), program("release_run", "answer", arguments)).get("changed"):
            return []
        return [f"the lock of {held['owner']} ({held['purpose']}), whose run is gone, was given back"]

    def _problem(self, probe: Probe, plan: HostPlan, rendering: HostRendering, doubts: list[Finding]) -> str:
        """Why this host cannot be deployed to, '' when it can."""
        problem = system_problem(probe.system, probe.version, probe.architecture)
        if problem:
            return f"{self.host} {problem}"
        if probe.user != "0":
            return f"{self.host}: Ansible does not work as root there: set `ansible_become: true` in the inventory"
        if doubts:
            return "\n".join(f"{self.host}: {doubt}" for doubt in doubts)
        refusal = "" if self._task.check_mode else self._refusal(plan)
        if refusal:
            return f"{self.host}: {refusal}"
        if probe.digest_error and not plan.server:
            return f"{self.host}: {_registry_problem(probe.digest_error, rendering.image)}"
        return ""

    def _refusal(self, plan: HostPlan) -> str:
        """What would happen to data services without the user's consent, and how to give it; '' when all is agreed."""
        restarted = {name: why for name, why in plan.consent.items() if name not in named_services(self, "restart")}
        removed = [name for name in plan.removed if name not in named_services(self, "remove")]
        what, how = [], []
        if restarted:
            reasons = "; ".join(f"{name} ({why})" for name, why in restarted.items())
            what.append(f"a data service would be restarted: {reasons}")
            how.append(f"-e restart={','.join(restarted)}")
        if removed:
            what.append(f"a data service would be removed: {', '.join(removed)} (no longer in the inventory)")
            how.append(f"-e remove={','.join(removed)}")
        return f"{'; '.join(what)}. Its data stays. If that is what you want: {' '.join(how)}" if what else ""

    def _tls(self) -> dict[str, str]:
        """What the application says of its certificate; a mode of '' leaves it to the inventory."""
        tls = self.application.tls
        certificate, key = own_files(self) if tls.mode == FILES else ("", "")
        return {"mode": tls.mode, "certificate": str(certificate), "key": str(key)}

    def _facts(self, probe: Probe, plan: HostPlan, wanted: Wanted, rendering: HostRendering) -> dict[str, Any]:
        numbers = [*probe.releases, *(int(line.get("release", 0)) for line in probe.ledger), probe.live]
        record = probe.releases.get(probe.live, {})
        return {
            "host": self.host,
            "runs_application": self.host in self.app_hosts,
            "application": self.application.name,
            "domains": list(self.application.domains),
            "redirects": list(self.application.redirects),
            "tls": self._tls(),
            "proxy": self.application.proxy,
            "port": self.application.port,
            "migrate": bool(self.application.migrate),
            "hooks": sorted(self.application.hooks),
            "settled": _last_step(probe, probe.live) == SETTLED,
            "stands": probe.stands,
            "web": wanted.has_web,
            "stamp": wanted.stamp,
            "packages": server_packages(self) if plan.server else [],
            "site": wanted.site,
            "secrets": wanted.secrets,
            "image": rendering.image,
            "ask": rendering.ask,
            "digest": probe.digest,
            "config": rendering.release.config if rendering.release else "",
            "live": probe.live,
            "live_digest": record.get("digest", ""),
            "live_matches": not [
                reason for reason in plan.release if reason.startswith(("first", "image", "settings", "secrets"))
            ],
            "highest": max(numbers, default=0),
            "lacks": plan.groups,
            "unfinished": sorted(number for number in probe.releases if number > probe.live),
            "releases": {str(number): record for number, record in probe.releases.items()},
            "ledger": probe.ledger,
            "dead": _dead_token(probe),
            "commit": record.get("commit", ""),
        }


def _last_step(probe: Probe, number: int) -> tuple[str, str]:
    line = probe.journal.get(number, {})
    return line.get("step", ""), line.get("state", "")


def _dead_token(probe: Probe) -> str:
    """The lock's token if its holder was a run on this machine that is gone."""
    token = str((probe.lock or {}).get("token", ""))
    return token if is_gone(token) else ""


def _registry_problem(text: str, image: str) -> str:
    if "not found" in text.lower():
        return f"the registry does not have {image}: build it (playbooks/build.yml), or name another tag with -e tag="
    return explain(text, ["docker", "pull", image])
