"""The firewall as nft tells it in JSON (libnftables-json(5)): lines of a real server's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gather import hardening

PORT = '{"match": {"op": "==", "left": {"payload": {"protocol": "%s", "field": "dport"}}, "right": %s}}'
FROM = (
    '{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, '
    '"right": {"prefix": {"addr": "192.0.2.0", "len": 24}}}}'
)
PUBLISHED = (
    '{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "udp"}}, '
    '{"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}, '
    '{"match": {"op": "==", "left": {"ct": {"key": "proto-dst", "dir": "original"}}, "right": 443}}'
)
LOOPBACK = '{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lo"}}'


def chain(*rules: str) -> dict[str, Any]:
    listed: list[dict[str, Any]] = [{"chain": {"name": "input", "policy": "drop"}}]
    listed += [{"rule": {"chain": "input", "expr": json.loads(f"[{rule}]")}} for rule in rules]
    return hardening.read_table({"nftables": [{"metainfo": {}}, *listed]})["input"]


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        (f'{PORT % ("tcp", 80)}, {{"accept": null}}', [("80", "tcp", False)]),
        (f'{PORT % ("tcp", 22)}, {{"jump": {{"target": "ssh"}}}}', [("22", "tcp", False)]),
        (f'{PORT % ("tcp", 22)}, {{"drop": null}}', []),
        (f'{FROM}, {PORT % ("tcp", 3306)}, {{"accept": null}}', [("3306", "tcp", True)]),
        (f'{PORT % ("udp", json.dumps({"range": [8000, 8100]}))}, {{"accept": null}}', [("8000-8100", "udp", False)]),
        (
            f'{PORT % ("tcp", json.dumps({"set": [80, 443]}))}, {{"accept": null}}',
            [("80", "tcp", False), ("443", "tcp", False)],
        ),
        (f'{PUBLISHED}, {{"accept": null}}', [("443", "udp", False)]),
        (f'{LOOPBACK}, {{"accept": null}}', []),
    ],
)
def test_what_a_rule_lets_in(rule: str, accepted: list[tuple[str, str, bool]]) -> None:
    found = chain(rule)
    assert [(each["port"], each["protocol"], each["limited"]) for each in found["accepts"]] == accepted
    assert found["policy"] == "drop" and not found["all"]


def test_a_rule_that_lets_everything_in() -> None:
    assert chain('{"accept": null}')["all"]


def test_the_last_word_of_a_chain() -> None:
    assert chain(f'{LOOPBACK}, {{"accept": null}}')["last"] == "accept of some"
    assert chain(f'{LOOPBACK}, {{"accept": null}}', '{"drop": null}')["last"] == "drop"


def test_no_table() -> None:
    assert hardening.read_table({}) == {}


def test_login_definitions_are_read_as_programs_do() -> None:
    text = "# UMASK 077\n#UMASK 077\n\nUMASK\t\t022\nUMASK 027\nENV_PATH\tPATH=/bin\nLONELY\n"
    assert hardening.login_definitions(text) == {"UMASK": "027", "ENV_PATH": "PATH=/bin"}


def test_who_may_log_in_is_read_from_all_of_sshd_s_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "port 22\nallowusers anna\nallowusers berta\nport 2222\n"
    monkeypatch.setattr(hardening.system, "_run", lambda command: shown)
    assert hardening.sshd() == {"port": "22", "allowusers": "anna berta"}
