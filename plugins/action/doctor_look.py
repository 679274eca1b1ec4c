"""Looks at a host before anything is done to it, and writes down what was found; never fails, so that all are shown."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.module_utils.vitals import Vitals, doctor_script, read_vitals
from ansible_collections.slipway.vps.plugins.plugin_utils import access_checks, host_checks, outgoing_checks
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.doctor_input import DoctorInput, read_input
from ansible_collections.slipway.vps.plugins.plugin_utils.first_login import first_look
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, WARN, Finding
from ansible_collections.slipway.vps.plugins.plugin_utils.server_tunnel import getter
from ansible_collections.slipway.vps.plugins.plugin_utils.ssh_settings import connection_settings, ssh_config


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("disk_free", "inodes_free", "memory", "clock_skew", "timeout", "addresses"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars) | {"changed": False}
        self.variables = task_vars or {}
        try:
            given = read_input(self)
        except InputError as error:
            return result | input_failure(error)
        if self._connection.transport == "local":
            return result
        folder = Path(tempfile.mkdtemp(prefix="slipway-"))
        # A connection of its own: one that is open already would not show that the host key has changed.
        self._connection.set_option("control_path", str(folder / "%%C"))
        try:
            look = self._look(given, folder)
        finally:
            self._connection.reset()
            shutil.rmtree(folder, ignore_errors=True)
        return result | {"ansible_facts": {"slipway_look": look}}

    def _look(self, given: DoctorInput, folder: Path) -> dict[str, Any]:
        begun = time.time()
        vitals = Vitals()
        try:
            vitals, refusal, newcomer = self._vitals(given)
        except AnsibleError as error:
            place = access_checks.known_as(
                str(self._connection.get_option("host")), int(self._connection.get_option("port") or 22)
            )
            return self._told([access_checks.unreachable(str(error), place)], given, vitals)
        except ValueError as error:
            advice = "Does the login shell of the user print something of its own, or end the session?"
            return self._told([Finding("ssh", FAIL, str(error), advice)], given, vitals)
        findings = [Finding("ssh", OK, "reached, with the expected host key")]
        become = self._connection.become is not None
        findings.append(access_checks.root(vitals, become, refusal, newcomer))
        if refusal:
            return self._told(findings, given, vitals)
        now = min(max(vitals.clock, begun), time.time())
        findings += [*host_checks.system(vitals), host_checks.clock(vitals, now, given.limits)]
        findings += [host_checks.disk(vitals, given.limits), host_checks.inodes(vitals, given.limits)]
        findings.append(host_checks.memory(vitals, given.limits, given.memory))
        findings += [*_pending(vitals), *host_checks.ports(vitals, given.ports)]
        config = folder / "ssh_config"
        known_hosts = self.inventory_folder / "known_hosts"
        text = ssh_config(
            self.host, connection_settings(self._connection), known_hosts if known_hosts.is_file() else None
        )
        config.write_text(text, encoding="utf-8")
        get = getter(config, self.host, given.seconds, given.authorities)
        findings += outgoing_checks.outgoing(vitals, given.outgoing, get)
        return self._told(findings, given, vitals)

    def _vitals(self, given: DoctorInput) -> tuple[Vitals, str, str]:
        """What the host said, or what sudo said to a wrong password; and the user of the inventory where the first
        deploy is yet to make it. Raises AnsibleError, ValueError.
        """
        script = doctor_script(given.ports, list(given.domains), given.outgoing.places, int(given.seconds))
        become = self._connection.become
        # Without a password the script tries sudo itself, and tells the rest all the same where that is refused.
        with_password = become is not None and bool(become.get_option("become_pass", playcontext=self._play_context))
        try:
            look = first_look(self, script, sudoable=with_password)
        except AnsibleError as error:
            if with_password and "password" in str(error).lower() and "permission denied" not in str(error).lower():
                return Vitals(), str(error), ""
            raise
        try:
            vitals = read_vitals(str(look.output.get("stdout", "")))
        except ValueError as error:
            raise ValueError(f"{error} {look.output.get('stderr', '')}".strip()) from None
        return vitals, "", look.user if look.by_bootstrap else ""

    def _told(self, findings: list[Finding], given: DoctorInput, vitals: Vitals) -> dict[str, Any]:
        return {
            "findings": [finding.as_dict() for finding in findings],
            "addresses": list(dict.fromkeys([*given.addresses, *vitals.addresses])),
            "domains": {} if findings[0].state == FAIL else vitals.domains,
            "asked": given.domains if self.host in self.app_hosts else {},
        }


def _pending(vitals: Vitals) -> list[Finding]:
    """A reboot that is due, and packages whose installation was cut off."""
    found = []
    newer = [kernel for kernel in vitals.kernels if kernel != vitals.running]
    if vitals.reboot is not None:
        why = f" for {vitals.reboot}" if vitals.reboot else ""
        found.append(Finding("reboot", WARN, f"pending{why}", "Reboot it while nothing depends on it: `reboot`"))
    elif vitals.kernels and vitals.running not in vitals.kernels and newer:
        advice = "The running kernel's files are gone: `reboot` before Docker needs one of its modules"
        found.append(Finding("reboot", WARN, f"pending: runs {vitals.running}, has {newer[-1]}", advice))
    else:
        found.append(Finding("reboot", OK, "none pending"))
    if vitals.unfinished:
        advice = "`dpkg --configure -a && apt-get --fix-broken install` on the server"
        found.append(Finding("packages", FAIL, f"not fully installed: {', '.join(vitals.unfinished)}", advice))
    return found
