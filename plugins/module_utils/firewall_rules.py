"""The host's firewall as one table of nftables: everything that comes in is refused but what is listed.

A table of its own, for both address families, beside Docker's: a packet that any chain drops is gone, whatever another
chain accepts (nft(8), "Verdict statements"), so that Docker may rewrite its own rules as it likes.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

TABLE = "slipway"
# Before Docker's chains (priority 0), and after connection tracking and its address translation.
PRIORITY = "filter - 5"
PROTOCOLS = ("tcp", "udp")
# RFC 4890, section 4.4: what IPv6 does not work without; echo apart.
ICMP_6 = (
    "destination-unreachable, packet-too-big, time-exceeded, parameter-problem, nd-router-solicit, nd-router-advert, "
    "nd-neighbor-solicit, nd-neighbor-advert, "
    "mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report"
)
ICMP_4 = "destination-unreachable, time-exceeded, parameter-problem"


@dataclass(frozen=True)
class Rule:
    """A port, or a range of ports (`8000-8100`), that some may reach; without `sources`, everybody.

    `own` is the address of this host that it is for; '' for every address.
    """

    port: str
    protocol: str = "tcp"
    sources: tuple[str, ...] = ()
    own: str = ""


@dataclass(frozen=True)
class Firewall:
    """What comes in. `ssh_rate` is how many new connections to SSH one address may make a minute; 0 is no limit."""

    ssh_ports: tuple[int, ...]
    ssh_sources: tuple[str, ...] = ()
    ssh_rate: int = 0
    ping: bool = True
    log: bool = False
    interfaces: tuple[str, ...] = ("docker0", "docker_gwbridge", "br-*")
    rules: tuple[Rule, ...] = field(default_factory=tuple)


def read_rule(given: dict[str, Any]) -> Rule:
    """The rule of a mapping of the inventory, which has been checked."""
    sources = given.get("from") or []
    words = [sources] if isinstance(sources, str) else list(sources)
    return Rule(str(given["port"]), str(given.get("protocol", "tcp")), tuple(str(word) for word in words))


def families(addresses: tuple[str, ...]) -> dict[str, list[str]]:
    """The addresses and networks by nftables' name of their family: `ip`, `ip6`."""
    found: dict[str, list[str]] = {}
    for address in addresses:
        network = ipaddress.ip_network(address, strict=False)
        found.setdefault("ip" if network.version == 4 else "ip6", []).append(str(network))
    return found


def _from(sources: tuple[str, ...], own: str = "") -> list[str]:
    """A match for each family of sources, of `own`'s alone where that is given; one empty match for everybody."""
    if not sources:
        return [""]
    return [
        f"{family} saddr {{ {', '.join(networks)} }} "
        for family, networks in sorted(families(sources).items())
        if not own or family in families((own,))
    ]


def _host_rule(rule: Rule) -> list[str]:
    own = f"{next(iter(families((rule.own,))))} daddr {rule.own} " if rule.own else ""
    return [f"{source}{own}{rule.protocol} dport {rule.port} accept" for source in _from(rule.sources, rule.own)]


def _container_rule(rule: Rule) -> list[str]:
    """The port is the one that the visitor asked for: Docker has by now put the container's in its place."""
    own = f"ct original {next(iter(families((rule.own,))))} daddr {rule.own} " if rule.own else ""
    return [
        f"{source}meta l4proto {rule.protocol} ct status dnat {own}ct original proto-dst {rule.port} accept"
        for source in _from(rule.sources, rule.own)
    ]


def _ssh(firewall: Firewall) -> list[str]:
    ports = ", ".join(str(port) for port in firewall.ssh_ports)
    verdict = "jump ssh" if firewall.ssh_rate else "accept"
    return [f"{source}tcp dport {{ {ports} }} {verdict}" for source in _from(firewall.ssh_sources)]


def _chain(name: str, lines: list[str]) -> list[str]:
    return [f"    chain {name} {{", *(f"        {line}" for line in lines), "    }"]


def _ssh_limit(rate: int) -> list[str]:
    """Each IPv4 address, and each /64 of IPv6, which is what one subscriber has, is counted for itself."""
    over = f"limit rate over {rate}/minute burst {rate} packets"
    sets = []
    for name, kind in (("ssh_seen", "ipv4_addr"), ("ssh_seen_6", "ipv6_addr")):
        sets.append(f"    set {name} {{ type {kind}; flags dynamic,timeout; timeout 5m; size 65535; }}")
    lines = [
        f"update @ssh_seen {{ ip saddr {over} }} drop",
        f"update @ssh_seen_6 {{ ip6 saddr & ffff:ffff:ffff:ffff:: {over} }} drop",
        "accept",
    ]
    return [*sets, *_chain("ssh", lines)]


def render(firewall: Firewall) -> str:
    """The table as `nft -f` reads it. It replaces the one of before in one transaction, and no other."""
    log = [f'limit rate 10/minute burst 10 packets log prefix "{TABLE} refused: "'] if firewall.log else []
    echo = [f"{protocol} type echo-request limit rate 20/second accept" for protocol in ("icmp", "icmpv6")]
    incoming = [
        f"type filter hook input priority {PRIORITY}; policy drop;",
        'iifname "lo" accept',
        "ct state established,related accept",
        "ct state invalid drop",
        f"icmp type {{ {ICMP_4} }} accept",
        f"icmpv6 type {{ {ICMP_6} }} accept",
        *(echo if firewall.ping else []),
        # Answers of DHCP come to an address that no connection was begun from.
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
        *_ssh(firewall),
        *(line for rule in firewall.rules for line in _host_rule(rule)),
        *log,
    ]
    through = [
        f"type filter hook forward priority {PRIORITY}; policy accept;",
        "ct state established,related accept",
        *(f'iifname "{name}" accept' for name in firewall.interfaces),
        *(line for rule in firewall.rules for line in _container_rule(rule)),
        *log,
        "drop",
    ]
    return "\n".join(
        [
            "# Written by Slipway (role firewall); a change by hand is lost when the role runs again.",
            f"table inet {TABLE}",
            f"delete table inet {TABLE}",
            f"table inet {TABLE} {{",
            *(_ssh_limit(firewall.ssh_rate) if firewall.ssh_rate else []),
            *_chain("input", incoming),
            *_chain("forward", through),
            "}",
            "",
        ]
    )
