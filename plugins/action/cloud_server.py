"""Brings about the servers that the inventory wants, or takes some away; everything on the controller."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import Catalogue, WantedServer
from ansible_collections.slipway.vps.plugins.module_utils.cloud_plan import CloudPlan, catalogue_problems, make_plan
from ansible_collections.slipway.vps.plugins.module_utils.first_boot import KeyPair, cloud_config, launch_script
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, OperationError
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_action import CloudAction
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_provisioner import Outcome, Provisioner
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_removal import Removal


class ActionModule(CloudAction):
    _VALID_ARGS = frozenset(("state", "servers", "defaults", "resize", "names", "data", "recheck"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        try:
            self.read(task_vars)
            with self.inventory.held():
                self.look()
                removes = self._task.args.get("state", "present") == "absent"
                return result | (Removal(self).run() if removes else self._provide())
        except InputError as error:
            return result | input_failure(error)
        except OperationError as error:
            return result | {"failed": True, "slipway_summary": True, "msg": error.message, "log": error.log}

    def _provide(self) -> dict[str, Any]:
        plan = self._plan()
        catalogues = self._check(plan)
        lines = plan.lines(catalogues)
        before = self._files()
        if lines:
            self._display.display("Plan")
            for line in lines:
                self._display.display(f"  {line}", color="yellow")
        if self._task.check_mode:
            said = ["nothing was touched (check mode)" if lines else f"{len(self.wanted)} servers, nothing to do"]
            return {"changed": bool(lines), "slipway_text": said + self._notes(plan), "plan": lines}
        outcomes = self._carry_out(plan)
        gone = self._clean()
        failed = [outcome for outcome in outcomes if outcome.error]
        result: dict[str, Any] = {
            "changed": bool(gone) or any(outcome.changed for outcome in outcomes),
            "plan": lines,
            "servers": [self._told(outcome) for outcome in outcomes if outcome.found],
        }
        after = self._files()
        if self._task.diff and after != before:
            result["diff"] = [
                {
                    "before": before.get(name, ""),
                    "after": after.get(name, ""),
                    "before_header": name,
                    "after_header": name,
                }
                for name in sorted({*before, *after})
                if before.get(name) != after.get(name)
            ]
        if failed:
            return result | self._failure(failed, outcomes)
        ready = f"{len(outcomes)} server{'s' if len(outcomes) != 1 else ''}"
        said = [f"{ready} ready" if result["changed"] else f"{ready}, nothing to do"]
        return result | {"slipway_text": said + gone + [o.warning for o in outcomes if o.warning] + self._notes(plan)}

    # --- before ---

    def _plan(self) -> CloudPlan:
        """Raises InputError for what must not or cannot be done."""
        marks = {
            name: "" if self._task.args.get("recheck") else str(entry.record.get("settings"))
            for name, entry in self.inventory.all_entries().items()
        }
        resize = [name.strip() for name in str(self._task.args.get("resize") or "").split(",") if name.strip()]
        fixed = {name: each.provider.fixed_size for name, each in self.listings.items() if each.provider.fixed_size}
        plan = make_plan(self.file, self.project, self.wanted, self.found, marks, resize, fixed)
        for line in plan.diff():
            self._display.display(f"  {line}", color={"-": "red", "+": "green"}.get(line[0], "yellow"))
        if plan.problems:
            raise InputError(plan.problems)
        return plan

    def _check(self, plan: CloudPlan) -> dict[str, Catalogue]:
        """Asks what can be ordered, if something is to be. Raises InputError."""
        needed = {server.provider for server in plan.create} | {plan.found[name].provider for name in plan.resize}
        with ThreadPoolExecutor() as pool:
            catalogues = dict(zip(needed, pool.map(lambda name: self.provider(name).catalogue(), needed), strict=True))
        problems = catalogue_problems(self.file, self.wanted, plan, catalogues)
        if problems:
            raise InputError(problems)
        return catalogues

    # --- doing it ---

    def _carry_out(self, plan: CloudPlan) -> list[Outcome]:
        def one(name: str) -> list[Outcome]:
            provisioner = Provisioner(
                self.provider(name),
                plan,
                self.listings[name],
                self.inventory,
                self.contact(),
                self._user_data,
                self.tell,
            )
            return provisioner.run([server for server in self.wanted if server.provider == name])

        names = list(dict.fromkeys(server.provider for server in self.wanted))
        with ThreadPoolExecutor(max(1, len(names))) as pool:
            return [outcome for outcomes in pool.map(one, names) for outcome in outcomes]

    def _user_data(self, wanted: WantedServer, pair: KeyPair) -> str:
        provider = self.provider(wanted.provider)
        if provider.takes_cloud_config:
            return cloud_config(pair, wanted.launch_script)
        user = provider.login_user(wanted.image)
        return launch_script(pair, list(wanted.ssh_keys), user, wanted.launch_script)

    def _clean(self) -> list[str]:
        """Takes out of the inventory what is neither wanted nor there any more."""
        wanted, there = {server.name for server in self.wanted}, {server.id for server in self.found}
        lines = []
        for name, entry in self.inventory.all_entries().items():
            if name not in wanted and str(entry.record.get("id")) not in there:
                lines.append(f"{name} is gone: taken out of {', '.join(self.inventory.forget(name))}")
        return lines

    # --- telling ---

    def _notes(self, plan: CloudPlan) -> list[str]:
        return [
            f"{each.name} ({each.provider} {each.id}) carries the tag of {plan.project} and is not in the inventory:"
            " playbooks/servers.yml lists it"
            for each in plan.orphans
        ]

    def _files(self) -> dict[str, str]:
        paths = [self.inventory.path(provider) for provider in self.inventory.providers()]
        return {str(path.relative_to(self.inventory_folder)): path.read_text(encoding="utf-8") for path in paths}

    @staticmethod
    def _told(outcome: Outcome) -> dict[str, Any]:
        found = outcome.found
        assert found is not None
        keys = ("provider", "id", "region", "size", "state", "public_address", "public_ipv6", "private_address")
        return {"name": outcome.name, **{key: getattr(found, key) for key in keys}}

    @staticmethod
    def _failure(failed: list[Outcome], outcomes: list[Outcome]) -> dict[str, Any]:
        errors = [outcome.error for outcome in failed if outcome.error]
        logs = [error.log for error in errors if error.log]
        told = list(dict.fromkeys(_named(outcome) for outcome in failed))
        message = told[0]
        if len(outcomes) > 1:
            rest = len(outcomes) - len(failed)
            message = (
                f"{len(failed)} of {len(outcomes)} servers failed ({rest} are ready); run again when the cause is gone"
            )
            message = "\n".join([message, *(f"  {line}" for line in told)])
        return {"failed": True, "slipway_summary": True, "msg": message, "log": "\n".join(logs)}


def _named(outcome: Outcome) -> str:
    error = outcome.error
    text = error.message if error else ""
    return text if text.startswith(outcome.name) else f"{outcome.name}: {text}"
