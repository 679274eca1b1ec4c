"""The table of nftables: what it lets in, and for whom."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.firewall import ssh_ports
from ansible_collections.slipway.vps.plugins.module_utils.firewall_rules import Firewall, Rule, read_rule, render


def chain(name: str, text: str) -> list[str]:
    """The lines of a chain."""
    inside = text.split(f"chain {name} {{\n")[1].split("    }")[0]
    return [line.strip() for line in inside.splitlines()]


def test_nothing_but_what_is_listed_comes_in() -> None:
    text = render(Firewall(ssh_ports=(22,)))
    incoming, through = chain("input", text), chain("forward", text)
    assert incoming[0].endswith("policy drop;")
    assert [line for line in incoming if "dport" in line and "udp sport" not in line] == ["tcp dport { 22 } accept"]
    assert through[-1] == "drop"
    assert not [line for line in through if "proto-dst" in line]


def test_the_table_replaces_itself_and_no_other() -> None:
    text = render(Firewall(ssh_ports=(22,)))
    assert "flush ruleset" not in text
    assert text.index("delete table inet slipway") < text.index("table inet slipway {")


def test_a_rule_holds_for_the_host_and_for_what_a_container_publishes() -> None:
    text = render(Firewall(ssh_ports=(22,), rules=(Rule("443", "udp"),)))
    assert "udp dport 443 accept" in chain("input", text)
    assert "meta l4proto udp ct status dnat ct original proto-dst 443 accept" in chain("forward", text)


def test_sources_of_both_families_have_a_line_each() -> None:
    rule = read_rule({"port": "8000-8100", "from": ["203.0.113.7", "2001:db8::/32", "198.51.100.0/24"]})
    lines = [line for line in chain("input", render(Firewall((22,), rules=(rule,)))) if "8000" in line]
    assert lines == [
        "ip saddr { 203.0.113.7/32, 198.51.100.0/24 } tcp dport 8000-8100 accept",
        "ip6 saddr { 2001:db8::/32 } tcp dport 8000-8100 accept",
    ]


@pytest.mark.parametrize(("own", "family"), [("10.0.0.12", "ip"), ("fd00::12", "ip6")])
def test_a_data_port_is_open_for_the_members_by_the_private_address_alone(own: str, family: str) -> None:
    members = ("10.0.0.10", "10.0.0.11") if family == "ip" else ("fd00::10", "fd00::11")
    text = render(Firewall((22,), rules=(Rule("3306", "tcp", members, own),)))
    line = next(line for line in chain("forward", text) if "3306" in line)
    assert f"ct original {family} daddr {own} " in line and all(member in line for member in members)
    assert [entry for entry in chain("forward", text) if "3306" in entry] == [line]


def test_ssh_is_limited_for_each_address_and_for_those_that_may_reach_it() -> None:
    text = render(Firewall((22, 2222), ssh_sources=("203.0.113.0/24",), ssh_rate=30))
    assert "ip saddr { 203.0.113.0/24 } tcp dport { 22, 2222 } jump ssh" in chain("input", text)
    limited = chain("ssh", text)
    assert limited[-1] == "accept" and all("rate over 30/minute" in line and "drop" in line for line in limited[:-1])
    assert "ssh_seen" not in render(Firewall((22,), ssh_rate=0))


def test_ping_and_log_are_choices() -> None:
    assert "echo-request" not in render(Firewall((22,), ping=False))
    assert "log prefix" not in render(Firewall((22,)))
    assert "log prefix" in chain("input", render(Firewall((22,), log=True)))[-1]


def test_what_ipv6_needs_is_let_in_without_ping() -> None:
    line = next(line for line in chain("input", render(Firewall((22,), ping=False))) if line.startswith("icmpv6"))
    for kind in ("packet-too-big", "nd-neighbor-solicit", "nd-router-advert"):
        assert kind in line


@pytest.mark.parametrize(
    ("said", "ports"),
    [("port 22\naddressfamily any\n", (22,)), ("port 22\nport 2222\nport 22\n", (22, 2222)), ("", (22,))],
)
def test_the_ports_of_ssh_are_sshd_s(said: str, ports: tuple[int, ...]) -> None:
    assert ssh_ports(said) == ports


RULE_SETS: list[dict[str, Any]] = [
    {},
    {"ssh_rate": 30, "ping": False, "log": True},
    {"ssh_sources": ("203.0.113.0/24", "2001:db8::/32"), "rules": (Rule("80"), Rule("443", "udp"))},
    {"rules": (Rule("3306", "tcp", ("10.0.0.10", "fd00::1"), "10.0.0.12"), Rule("1-9", "udp", ("10.0.0.1",)))},
]


@pytest.mark.skipif(not shutil.which("nft"), reason="no nft on this machine")
@pytest.mark.parametrize("given", RULE_SETS)
def test_nft_takes_it(given: dict[str, Any], tmp_path: Path) -> None:
    rules = tmp_path / "rules.nft"
    rules.write_text(render(Firewall((22,), **given)))
    result = subprocess.run(["nft", "--check", "-f", str(rules)], capture_output=True, text=True, check=False)
    if "Operation not permitted" in result.stderr:
        pytest.skip("only root may ask the kernel")
    assert result.returncode == 0, result.stderr
