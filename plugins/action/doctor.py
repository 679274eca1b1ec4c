"""Puts what was found on all hosts together: what no host can tell alone, the table, the verdict."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.vitals import Vitals
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, WARN, Finding, domain


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars) | {"changed": False}
        self.variables = task_vars or {}
        looks = self._looks()
        fleet = [address for host in self.app_hosts for address in looks.get(host, {}).get("addresses", [])]
        table: dict[str, list[dict[str, str]]] = {}
        for host, look in looks.items():
            findings = list(look["findings"])
            if look["domains"]:
                vitals = Vitals(domains=look["domains"])
                findings += [
                    domain(name, vitals, look["addresses"], fleet, strict).as_dict()
                    for name, strict in look["asked"].items()
                ]
            table[host] = findings
        states = [finding["state"] for findings in table.values() for finding in findings]
        failed, warned = states.count(FAIL), states.count(WARN)
        if not table:
            return result | {"failed": True, "msg": "no host of the inventory was looked at", "slipway_summary": True}
        result |= {"slipway_doctor": table, "failures": failed, "cautions": warned}
        if failed:
            lines = [
                f"{host}: {Finding(**finding)}"
                for host, findings in table.items()
                for finding in findings
                if finding["state"] == FAIL
            ]
            return result | {"failed": True, "msg": "\n".join(lines), "slipway_summary": True}
        return result | {"msg": f"{len(states)} checks, {warned} warnings"}

    def _looks(self) -> dict[str, dict[str, Any]]:
        found = {}
        for host in self.variables["ansible_play_hosts_all"]:
            facts = self.variables["hostvars"][host].get("ansible_facts") or {}
            if "slipway_look" in facts:
                found[host] = facts["slipway_look"]
        return found
