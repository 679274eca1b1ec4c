"""What can be wrong with the variables of the roles baseline and firewall, found before any host is contacted."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from .authorized_key import key_problem
from .firewall_rules import PROTOCOLS
from .problem import Problem

PREFIXES = ("baseline_", "firewall_")
INTERFACE = re.compile(r"[A-Za-z0-9_.-]{1,15}\*?")
SYSCTL = re.compile(r"[a-z0-9_]+([./][A-Za-z0-9_*-]+)+")
SSH_KEYWORD = re.compile(r"[A-Za-z][A-Za-z0-9]+")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
SIZE = re.compile(r"\d+[KMG]?")
LOGIN_SETTING = re.compile(r"[A-Z][A-Z0-9_]+")
MODULE = re.compile(r"[a-z0-9_-]+")

Check = Callable[[Any], "str | None"]
BOOLEANS = ("true", "false", "yes", "no", "on", "off", "1", "0")


def show(value: Any) -> str:
    text = repr(value) if isinstance(value, (str, list, dict)) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def boolean(value: Any) -> str | None:
    """`-e` gives booleans as text."""
    good = isinstance(value, bool) or str(value).lower() in BOOLEANS
    return None if good else "true or false"


def number(least: int, most: int) -> Check:
    def check(value: Any) -> str | None:
        good = not isinstance(value, bool) and str(value).isdecimal() and least <= int(value) <= most
        return None if good else f"a whole number from {least} to {most}"

    return check


def text(pattern: re.Pattern[str], expected: str, empty: bool = False) -> Check:
    def check(value: Any) -> str | None:
        good = isinstance(value, str) and (bool(pattern.fullmatch(value)) or (empty and not value))
        return None if good else expected

    return check


def each(check: Check, expected: str) -> Check:
    """A list whose items pass `check`."""

    def check_all(value: Any) -> str | None:
        if not isinstance(value, (list, tuple)):
            return f"a list: {expected}"
        return next(
            (f"{problem} (item {place + 1})" for place, item in enumerate(value) if (problem := check(item))), None
        )

    return check_all


def mapping(names: re.Pattern[str], expected: str) -> Check:
    """Names to plain values, or to null, which leaves one out."""

    def check(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return f"a mapping: {expected}"
        for name, item in value.items():
            if not isinstance(name, str) or not names.fullmatch(name):
                return f"{expected}; {show(name)} is no such name"
            if isinstance(item, (list, Mapping)) or "\n" in str(item):
                return f"one plain value for {name}"
        return None

    return check


def network(value: Any) -> str | None:
    try:
        ipaddress.ip_network(value, strict=False)
    except (ValueError, TypeError):
        return "an IP address or a network such as 203.0.113.0/24"
    return None if isinstance(value, str) else "an IP address or a network such as 203.0.113.0/24"


PORT = number(1, 65535)
CHECKS: dict[str, Check] = {
    "firewall_enabled": boolean,
    "firewall_ssh_ports": each(PORT, "ports"),
    "firewall_ssh_from": each(network, "addresses and networks"),
    "firewall_ssh_rate": number(0, 10000),
    "firewall_ping": boolean,
    "firewall_log": boolean,
    "firewall_container_interfaces": each(text(INTERFACE, "the name of a network interface"), "network interfaces"),
    "firewall_confirm_seconds": number(20, 600),
    "baseline_operator": boolean,
    "baseline_operator_keys": each(key_problem, "public keys"),
    "baseline_bootstrap_user": text(USER, "a user's name, or nothing", empty=True),
    "baseline_root_login": boolean,
    "baseline_ssh": boolean,
    "baseline_ssh_classical_exchange": boolean,
    "baseline_ssh_max_auth_tries": number(1, 20),
    "baseline_ssh_login_grace": number(5, 600),
    "baseline_ssh_options": mapping(SSH_KEYWORD, "keywords of sshd_config(5)"),
    "baseline_upgrades": boolean,
    "baseline_upgrades_reboot": text(TIME, "a time such as 04:30, or nothing", empty=True),
    "baseline_time": boolean,
    "baseline_journal": boolean,
    "baseline_journal_size": text(SIZE, "a size such as 500M"),
    "baseline_kernel": boolean,
    "baseline_sysctl": mapping(SYSCTL, "kernel settings such as net.ipv4.tcp_syncookies"),
    "baseline_modules": each(text(MODULE, "the name of a kernel module"), "kernel modules"),
    "baseline_swap": boolean,
    "baseline_swap_megabytes": number(64, 65536),
    "baseline_core_dumps": boolean,
    "baseline_quiet_login": boolean,
    "baseline_file_modes": boolean,
    "baseline_shell_timeout": number(0, 86400),
    "baseline_login_settings": mapping(LOGIN_SETTING, "settings of login.defs(5) such as PASS_MIN_DAYS"),
    "baseline_packages": each(text(PACKAGE, "the name of a package"), "packages"),
    "baseline_removed_packages": each(text(PACKAGE, "the name of a package"), "packages"),
    "baseline_audit": boolean,
    "baseline_strict": boolean,
    "baseline_confirm_seconds": number(20, 600),
}
RULE_KEYS = ("port", "protocol", "from")
RULES = "firewall_rules"


def server_problems(file: str, given: Mapping[str, Any]) -> list[Problem]:
    """All problems of the variables that are given; `file` says where they are."""
    problems = []
    for name, value in given.items():
        if name == RULES:
            problems += _rule_problems(file, value)
        elif name in CHECKS:
            expected = CHECKS[name](value)
            found = "a value that is not shown" if "keys" in name and expected else show(value)
            if expected:
                problems.append(Problem(file, name, found, expected))
        elif name.startswith(PREFIXES):
            close = get_close_matches(name, [*CHECKS, RULES], 1)
            known = f"{close[0]}, if that is meant" if close else "a variable of the roles baseline and firewall"
            problems.append(Problem(file, name, "a variable that no role reads", known))
    return problems


def _rule_problems(file: str, rules: Any) -> Iterator[Problem]:
    if not isinstance(rules, (list, tuple)):
        yield Problem(file, RULES, show(rules), "a list of rules such as {port: 9100, from: 198.51.100.7}")
        return
    for place, rule in enumerate(rules):
        key = f"{RULES}[{place}]"
        if not isinstance(rule, Mapping):
            yield Problem(file, key, show(rule), "a mapping with port, and if wanted protocol and from")
            continue
        for name in rule:
            if name not in RULE_KEYS:
                yield Problem(file, f"{key}.{name}", "an unknown key", "one of " + ", ".join(RULE_KEYS))
        if not _is_port(rule.get("port")):
            expected = "a port from 1 to 65535, or a range such as 8000-8100"
            yield Problem(file, f"{key}.port", show(rule["port"]) if "port" in rule else "nothing", expected)
        if rule.get("protocol", "tcp") not in PROTOCOLS:
            yield Problem(file, f"{key}.protocol", show(rule["protocol"]), "tcp or udp")
        sources = rule.get("from") or []
        for source in [sources] if isinstance(sources, str) or not isinstance(sources, (list, tuple)) else sources:
            expected_source = network(source)
            if expected_source:
                yield Problem(file, f"{key}.from", show(source), expected_source)


def _is_port(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    first, dash, last = str(value).partition("-")
    if PORT(first) or (dash and PORT(last)):
        return False
    return not dash or int(first) < int(last)
