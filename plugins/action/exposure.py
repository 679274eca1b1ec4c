"""Looks at a server from here, as anybody on the internet can, and compares with what the inventory says."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.outside_look import look_around
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.site import INTERNAL, OFF, is_public
from ansible_collections.slipway.vps.plugins.module_utils.vitals import ADDRESSES
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction, input_failure
from ansible_collections.slipway.vps.plugins.plugin_utils.doctor_input import own_addresses
from ansible_collections.slipway.vps.plugins.plugin_utils.exposure_checks import Wanted, findings
from ansible_collections.slipway.vps.plugins.plugin_utils.first_login import first_look
from ansible_collections.slipway.vps.plugins.plugin_utils.hardening_expectation import site_headers
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, WARN, is_address
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import template
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues
from ansible_collections.slipway.vps.plugins.plugin_utils.tls_check import tls_mode

SSH_PORT = 22


class ActionModule(ApplicationAction):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("addresses", "seconds", "concurrency", "authority"))

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars) | {"changed": False}
        try:
            self.prepare(task_vars)
            request = self._request()
        except InputError as error:
            return result | input_failure(error)
        if not request["addresses"]:
            message = f"{self.host}: no address is known; name them in exposure_addresses"
            return result | {"failed": True, "msg": message}
        seen = look_around(request)
        found = findings(seen, self._wanted(request))
        failed, warned = ([each for each in found if each.state == state] for state in (FAIL, WARN))
        result |= {"slipway_doctor": {self.host: [each.as_dict() for each in found]}, "seen": seen}
        result |= {"failures": len(failed), "cautions": len(warned)}
        if failed:
            lines = [f"{self.host}: {each}" for each in failed]
            return result | {"failed": True, "msg": "\n".join(lines), "slipway_summary": True}
        return result | {"msg": f"{len(found)} checks, {len(warned)} warnings"}

    def _request(self) -> dict[str, Any]:
        arguments = self._task.args
        given = arguments.get("addresses") or []
        given = given.replace(",", " ").split() if isinstance(given, str) else [str(each) for each in given]
        bad = [each for each in given if not is_address(each)]
        if bad:
            raise InputError([Problem("the inventory", "exposure_addresses", repr(bad[0]), "a list of IP addresses")])
        try:
            seconds, concurrency = float(arguments.get("seconds", 5)), int(arguments.get("concurrency", 1000))
        except ValueError as error:
            expected = "exposure_seconds and exposure_concurrency to be numbers"
            raise InputError([Problem("the inventory", "exposure_*", str(error), expected)]) from None
        # Whose certificates verification believes are believed here as well.
        authority = str(arguments.get("authority") or template(self, "verify_authority", "") or "")
        if authority and not Path(authority).is_file():
            raise InputError([Problem("the inventory", "exposure_authority", authority, "a PEM file on this machine")])
        proxy = RoleValues(self, "proxy")
        on_app = self.host in self.app_hosts and self.application.web is not None
        return {
            "addresses": given or self._addresses(),
            "domains": self._sites() if on_app else [],
            "ssh_port": self._ssh_port,
            "ports": [int(proxy["proxy_http_port"]), int(proxy["proxy_https_port"])],
            "path": self.application.health,
            "seconds": seconds,
            "concurrency": concurrency,
            "authority": Path(authority).read_text(encoding="ascii") if authority else "",
        }

    def _sites(self) -> list[str]:
        """Domains that can be asked for, those first that others know: no wildcard."""
        named = [each for each in self.application.domains if not each.startswith("*")]
        return [each for each in named if is_public(each)] or named

    @property
    def _ssh_port(self) -> int:
        """sshd's port; a port of this machine's own that is forwarded to the server's tells nothing of it."""
        forwarded = str(self.of_host(self.host, "ansible_host") or "") in ("127.0.0.1", "::1", "localhost")
        return SSH_PORT if forwarded else int(self.of_host(self.host, "ansible_port") or SSH_PORT)

    def _addresses(self) -> list[str]:
        """The server's own addresses and the inventory's; private ones only where it has no public one."""
        output = first_look(self, f"{ADDRESSES}addresses", sudoable=False).output
        own = [each for each in str(output.get("stdout", "")).split() if is_address(each)]
        found = list(dict.fromkeys([*own_addresses(self), *own]))
        public = [each for each in found if ipaddress.ip_address(each).is_global]
        return public or found

    def _wanted(self, request: dict[str, Any]) -> Wanted:
        http, https = request["ports"]
        on_app = self.host in self.app_hosts
        # The proxy's ports are open on every app server, also where another application than this one has a site.
        mode = tls_mode(self)
        tls = bool(request["domains"]) and mode != OFF
        rules = RoleValues(self, "firewall")["firewall_rules"] or []
        allowed = {port for rule in rules for port in _ports_of(rule)}
        allowed |= {f"{port}/tcp" for port in RoleValues(self, "firewall")["firewall_ssh_ports"] or []}
        allowed |= {f"{https}/tcp", f"{https}/udp"} if on_app else set()
        return Wanted(
            tcp=(request["ssh_port"], *((http,) if on_app else ()), *((https,) if tls else ())),
            udp=(https,) if tls else (),
            allowed=frozenset(allowed),
            tls=tls,
            trusted=mode != INTERNAL,
            headers=site_headers(self),
        )


def _ports_of(rule: dict[str, Any]) -> list[str]:
    """The ports of a rule of firewall_rules, as 8000/tcp."""
    first, _, last = str(rule.get("port", "")).partition("-")
    protocol = str(rule.get("protocol") or "tcp")
    return [f"{port}/{protocol}" for port in range(int(first), int(last or first) + 1)]
