"""Mistakes in the variables of the roles baseline and firewall: one line each, and no key that is a secret in it."""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slipway.vps.plugins.module_utils.authorized_key import key_problem, rsa_bits
from ansible_collections.slipway.vps.plugins.module_utils.public_key import parse_public_key
from ansible_collections.slipway.vps.plugins.module_utils.server_input import CHECKS, RULES, server_problems

ROLES = Path(__file__).parents[2] / "roles"
SERVER_ROLES = [role for role in ("baseline", "firewall") if (ROLES / role).is_dir()]


def encoded(kind: str, *fields: bytes) -> str:
    parts = [kind.encode(), *fields]
    return base64.b64encode(b"".join(struct.pack(">I", len(part)) + part for part in parts)).decode()


ED25519 = f"ssh-ed25519 {encoded('ssh-ed25519', bytes(32))} me@laptop"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"


def rsa(bits: int) -> str:
    modulus = b"\0" + (1 << (bits - 1)).to_bytes(bits // 8, "big")
    return f"ssh-rsa {encoded('ssh-rsa', bytes([1, 0, 1]), modulus)}"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("firewall_enabled", "maybe", "true or false"),
        ("firewall_ssh_ports", [0], "from 1 to 65535"),
        ("firewall_ssh_from", ["example.com"], "an IP address or a network"),
        ("firewall_ssh_from", "203.0.113.1", "a list"),
        ("firewall_ssh_rate", -1, "from 0 to"),
        ("firewall_confirm_seconds", 1, "from 20 to"),
        ("firewall_rules", {"port": 1}, "a list of rules"),
        ("firewall_rules", [{"port": 70000}], "a port from 1 to 65535"),
        ("firewall_rules", [{"port": "90-80"}], "a port from 1 to 65535"),
        ("firewall_rules", [{}], "a port from 1 to 65535"),
        ("firewall_rules", [{"port": True}], "a port from 1 to 65535"),
        ("firewall_rules", [{"port": 80, "protocol": "icmp"}], "tcp or udp"),
        ("firewall_rules", [{"port": 80, "from": ["db.example.com"]}], "an IP address or a network"),
        ("firewall_rules", [{"port": 80, "form": "203.0.113.1"}], "one of port, protocol, from"),
        ("firewall_rule", [], "firewall_rules, if that is meant"),
        ("baseline_sysctl", {"net.ipv4.ip_forward": [1]}, "one plain value"),
        ("baseline_sysctl", {"tcp syncookies": 1}, "is no such name"),
        ("baseline_sysctl", ["net.ipv4.ip_forward=1"], "a mapping"),
        ("baseline_upgrades_reboot", "4 am", "a time such as 04:30"),
        ("baseline_root_login", 3, "true or false"),
        ("baseline_strict", "very", "true or false"),
        ("baseline_login_settings", {"pass_max_days": 1}, "is no such name"),
        ("baseline_login_settings", {"UMASK": [27]}, "one plain value"),
        ("baseline_bootstrap_user", "root; rm", "a user's name"),
        ("baseline_operator_keys", ["ssh-ed25519 AAAA"], "cut off or changed"),
        ("baseline_operator_keys", [rsa(1024)], "at least 2048 bits"),
    ],
)
def test_mistakes_are_told_in_one_line(name: str, value: Any, expected: str) -> None:
    problems = [str(problem) for problem in server_problems("inventory", {name: value})]
    assert len(problems) == 1, problems
    assert expected in problems[0] and problems[0].startswith(f"inventory: {name}") and "\n" not in problems[0]


def test_good_values_have_no_problem() -> None:
    given = {
        "firewall_enabled": "yes",
        "firewall_rules": [{"port": 8080}, {"port": "8000-8100", "protocol": "udp", "from": ["2001:db8::/32"]}],
        "firewall_ssh_from": ["203.0.113.0/24"],
        "baseline_sysctl": {"kernel.panic": 10, "net.ipv4.tcp_syncookies": None},
        "baseline_operator_keys": [ED25519, rsa(3072), f'from="203.0.113.1" {ED25519}'],
        "other_variable": object(),
    }
    assert server_problems("inventory", given) == []


def test_a_private_key_is_named_and_not_shown() -> None:
    text = str(server_problems("inventory", {"baseline_operator_keys": [ED25519, PRIVATE]})[0])
    assert "private" in text and "item 2" in text
    assert "b3BlbnNzaC1rZXktdjEAAAAA" not in text and ED25519 not in text


def test_the_length_of_an_rsa_key() -> None:
    assert rsa_bits(parse_public_key(rsa(3072)).data) == 3072
    assert rsa_bits(parse_public_key(ED25519).data) == 0
    assert key_problem(ED25519) is None


def test_every_variable_of_the_roles_is_checked() -> None:
    for role in SERVER_ROLES:
        known = {name for name in (*CHECKS, RULES) if name.startswith(f"{role}_")}
        assert known == set(yaml.safe_load((ROLES / role / "defaults/main.yml").read_text()))


def test_the_defaults_themselves_are_right() -> None:
    for role in SERVER_ROLES:
        given = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text())
        plain = {name: value for name, value in given.items() if "{{" not in str(value)}
        assert server_problems("defaults", plain) == []
