"""What must be true of a hardened host, by the variables of the roles baseline, firewall and proxy."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.baseline_files import chosen
from ansible_collections.slipway.vps.plugins.module_utils.baseline_strict import WATCH_TIMER, strict_files
from ansible_collections.slipway.vps.plugins.module_utils.site import INTERNAL, OFF
from ansible_collections.slipway.vps.plugins.module_utils.sshd_settings import SYNONYMS, limits_users
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.fleet_access import data_access
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues
from ansible_collections.slipway.vps.plugins.plugin_utils.tls_check import tls_mode

ROOT = "root"
UPGRADE_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")


def hardening_expectation(action: ApplicationAction) -> dict[str, Any]:
    """Plain data, for tests/infra/test_hardening.py; a switch that is off leaves its part empty."""
    baseline, firewall = RoleValues(action, "baseline"), RoleValues(action, "firewall")
    return {
        "ssh": _ssh(action, baseline) if _is_on(baseline["baseline_ssh"]) else {},
        "sysctl": {str(name): str(value) for name, value in baseline["__baseline_sysctl"].items()},
        "files": _files(baseline),
        "login": {str(name): str(value) for name, value in baseline["__baseline_login_settings"].items()},
        "packages": [*baseline["__baseline_needed_packages"], *firewall["__firewall_needed_packages"]],
        "removed": [str(name) for name in baseline["baseline_removed_packages"]],
        "timers": _timers(baseline),
        "operator": _user(action) if _is_on(baseline["baseline_operator"]) and _user(action) != ROOT else "",
        "firewall": _firewall(action, firewall) if _is_on(firewall["firewall_enabled"]) else {},
        "headers": site_headers(action),
    }


def _is_on(value: Any) -> bool:
    """A switch; `-e` variables arrive as text."""
    return str(value).lower() in ("true", "yes", "on", "1")


def _user(action: ApplicationAction) -> str:
    return str(action._connection.get_option("remote_user") or "")


def _ssh(action: ApplicationAction, baseline: RoleValues) -> dict[str, str]:
    """sshd's settings as `sshd -T` prints them: keywords in lower case, one value by its old name."""
    options = {**baseline["__baseline_ssh_defaults"], **baseline["baseline_ssh_options"]}
    if not _is_on(baseline["baseline_root_login"]) and "PermitRootLogin" not in options:
        # As action baseline has it: without another user root is not locked out.
        options["PermitRootLogin"] = "no" if _user(action) not in ("", ROOT) else "prohibit-password"
    if _is_on(baseline["baseline_strict"]) and _user(action) and not limits_users(options):
        options["AllowUsers"] = _user(action)
    return {name.lower(): SYNONYMS.get(str(value), str(value)) for name, value in options.items() if value is not None}


def _files(baseline: RoleValues) -> dict[str, str]:
    """Paths and texts of the plain files, without those that depend on what the kernel is."""
    switches = ("upgrades", "journal", "core_dumps", "quiet_login")
    arguments = {name: _is_on(baseline[f"baseline_{name}"]) for name in switches}
    arguments |= {"audit": False, "modules": []}
    arguments |= {name: baseline[f"baseline_{name}"] for name in ("upgrades_reboot", "journal_size", "shell_timeout")}
    files, _ = chosen(arguments, [], container=False)
    files += strict_files() if _is_on(baseline["baseline_strict"]) else []
    return {str(file.path): file.text for file in files}


def _timers(baseline: RoleValues) -> list[str]:
    """What is to run by itself."""
    found = list(UPGRADE_TIMERS) if _is_on(baseline["baseline_upgrades"]) else []
    return found + ([WATCH_TIMER] if _is_on(baseline["baseline_strict"]) else [])


def _firewall(action: ApplicationAction, firewall: RoleValues) -> dict[str, Any]:
    """`open` lists what everybody may reach, `some` what only named addresses may, as 443/tcp; ranges stay ranges."""
    proxy = RoleValues(action, "proxy")
    is_open, some = [], []
    if action.host in action.app_hosts:
        http, https = int(proxy["proxy_http_port"]), int(proxy["proxy_https_port"])
        is_open += [f"{http}/tcp", f"{https}/tcp", f"{https}/udp"]
    for rule in firewall["firewall_rules"] or []:
        port = f"{rule['port']}/{rule.get('protocol', 'tcp')}"
        (some if rule.get("from") else is_open).append(port)
    some += [f"{port}/tcp" for port in (data_access(action) or {}).get("ports", [])]
    return {
        "open": is_open,
        "some": some,
        "ssh_ports": [int(port) for port in firewall["firewall_ssh_ports"] or []],
        "ssh_from": [str(each) for each in firewall["firewall_ssh_from"] or []],
        "ssh_rate": int(firewall["firewall_ssh_rate"]),
    }


def site_headers(action: ApplicationAction) -> dict[str, str]:
    """The headers that the proxy adds to what a visitor gets over HTTPS; none without it."""
    proxy, mode, own = RoleValues(action, "proxy"), tls_mode(action), action.application.proxy
    if mode == OFF or not action.application.domains:
        return {}
    headers = {**proxy["proxy_site_headers"], **(own.get("headers") or {})}
    # As roles/proxy has it: a private authority is no reason to pin a name to HTTPS.
    hsts = own.get("hsts", proxy["proxy_site_hsts"])
    if hsts and mode != INTERNAL:
        headers = {"Strict-Transport-Security": hsts, **headers}
    return {str(name): str(value) for name, value in headers.items() if value}
