"""Takes servers away, and everything that was made for them; never data that nobody has named."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import (
    FoundServer,
    of_project,
    project_tag,
    server_tag,
)
from ansible_collections.slipway.vps.plugins.module_utils.cloud_plan import CloudPlan
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, OperationError, Problem
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_action import CloudAction
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_inventory import Entry
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_provisioner import Outcome, Provisioner


class Removal:
    """One run of destroy.yml. `action` has read the inventory and looked at the providers."""

    def __init__(self, action: CloudAction) -> None:
        self.action = action
        self.names = _names(action._task.args.get("names"))
        self.data = set(_names(action._task.args.get("data")))
        self.own = of_project(action.found, action.project)

    def run(self) -> dict[str, Any]:
        chosen = self._choose()
        self._refuse_data(chosen)
        gone = [name for name in self.names if name not in chosen]
        lines = [f"{name}: destroy {_what(server)}" for name, server in chosen.items()]
        lines += [f"{name}: is gone already; take it out of the inventory" for name in gone]
        self.action._display.display("Plan")
        for line in lines:
            self.action._display.display(f"  {line}", color="yellow")
        if self.action._task.check_mode:
            return {"changed": True, "plan": lines, "slipway_text": []}
        outcomes = self._remove(chosen)
        for name in gone:
            self.action.inventory.forget(name)
        return self._result(outcomes, lines)

    def _choose(self) -> dict[str, FoundServer]:
        """The servers that the user names. Raises InputError."""
        action = self.action
        tags = {server_tag(action.project, name): name for name in self.names}
        found = {tags[tag]: server for server in self.own for tag in server.tags if tag in tags}
        # A run that was cut off may have removed them already.
        recorded = set(action.inventory.all_entries()) | action.inventory.known_hosts.names()
        recorded |= {server.name for server in action.wanted}
        prefix = f"{project_tag(action.project)}:"
        there = sorted(tag[len(prefix) :] for server in self.own for tag in server.tags if tag.startswith(prefix))
        expected = "names of servers with commas between them: " + (", ".join(there) or "(there is none)")
        problems = []
        if not self.names:
            problems.append(Problem(action.file, "-e destroy", "nothing", expected))
        for name in self.names:
            if name not in found and name not in recorded:
                problems.append(Problem(action.file, "-e destroy", name, expected))
        for name in sorted(self.data - set(self.names)):
            problems.append(Problem(action.file, "-e destroy_data", name, "a server that -e destroy names as well"))
        if problems:
            raise InputError(problems)
        return found

    def _refuse_data(self, chosen: dict[str, FoundServer]) -> None:
        """Raises OperationError for a server that holds data, or may, unless the user has named it for that."""
        held = {}
        for name, server in chosen.items():
            if name in self.data:
                continue
            found = [f"volume {volume}" for volume in self.action.provider(server.provider).volumes(server)]
            entry = self.action.inventory.all_entries().get(name)
            if entry and server.public_address:
                found += self._volumes(entry)
            if found:
                held[name] = found
        if held:
            what = "; ".join(f"{name} holds data ({', '.join(found)})" for name, found in held.items())
            consent = f"-e destroy_data={','.join(sorted(self.data | set(held)))}"
            raise OperationError(f"{what}. Nothing was destroyed. If the data may go with it: {consent}")

    def _volumes(self, entry: Entry) -> list[str]:
        """The applications' volumes on a server; that it cannot be asked counts as one."""
        for user in self.action.inventory.users(entry):
            try:
                return self.action.contact().data_volumes(str(entry.variables["ansible_host"]), user)
            except OperationError as error:
                reason = error.message
        return [f"perhaps: {reason}"]

    def _remove(self, chosen: dict[str, FoundServer]) -> list[Outcome]:
        action = self.action
        outcomes: list[Outcome] = []
        for provider, listing in action.listings.items():
            names = {server.id: name for name, server in chosen.items() if server.provider == provider}
            provisioner = Provisioner(
                listing.provider,
                CloudPlan(action.project),
                listing,
                action.inventory,
                action.contact(),
                lambda wanted, pair: "",
                action.tell,
            )
            done = provisioner.remove([server for server in chosen.values() if server.id in names], names)
            outcomes += done
            if not any(outcome.error for outcome in done):
                for text in provisioner.remove_shared():
                    action.tell(f"removed {text}, which nothing uses any more")
        return outcomes

    def _result(self, outcomes: list[Outcome], lines: list[str]) -> dict[str, Any]:
        failed = [outcome for outcome in outcomes if outcome.error]
        if failed:
            told = [f"{outcome.name}: {outcome.error.message}" for outcome in failed if outcome.error]
            text = "; ".join(told) + ". Run destroy.yml again: what is gone already is no obstacle"
            return {"failed": True, "changed": True, "slipway_summary": True, "msg": text, "log": ""}
        wanted = [name for name in self.names if any(server.name == name for server in self.action.wanted)]
        said = [f"{', '.join(self.names)}: gone"]
        if wanted:
            said.append(f"{', '.join(wanted)} still in `servers`: take it out, or provision.yml makes it anew")
        return {"changed": True, "plan": lines, "slipway_text": said}


def _names(text: Any) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in str(text or "").split(",") if name.strip()))


def _what(server: FoundServer) -> str:
    return f"{server.provider} {server.id} ({server.region}, {server.size}, {server.public_address or 'no address'})"
