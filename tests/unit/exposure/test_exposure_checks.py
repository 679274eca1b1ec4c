"""What the probe from outside makes of what it has seen."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.plugin_utils.exposure_checks import Wanted, findings
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, WARN

HEADERS = {"Strict-Transport-Security": "max-age=31536000"}
WANTED = Wanted(tcp=(22, 80, 443), udp=(443,), allowed=frozenset({"8000/tcp"}), headers=HEADERS)
SITE: dict[str, Any] = {
    "versions": ["TLS 1.2", "TLS 1.3"],
    "problem": "",
    "days": 60.0,
    "lifetime": 90.0,
    "issuer": "A",
    "headers": {"strict-transport-security": "max-age=31536000"},
    "redirect": "https://shop.example.com/",
    "http_status": 308,
    "error": "",
}


def seen(tcp: tuple[int, ...] = (22, 80, 443), udp: tuple[int, ...] = (443,), **site: Any) -> dict[str, Any]:
    scan = {"tcp": list(tcp), "udp": list(udp), "counts": {"tcp open": 3, "tcp filtered": 65532}}
    offer = {"weak": [], "key_exchange": ["a"], "host_keys": ["b"], "ciphers": ["c"], "macs": ["d"]}
    return {
        "scans": {"192.0.2.1": scan},
        "no_route": {},
        "ssh": offer,
        "sites": {"shop at 192.0.2.1": {**SITE, **site}},
    }


def states(what: dict[str, Any], wanted: Wanted = WANTED) -> dict[str, str]:
    return {each.check.split()[0]: each.state for each in findings(what, wanted)}


def test_all_is_as_it_should_be() -> None:
    assert set(states(seen()).values()) == {OK}
    assert states(seen(tcp=(22, 80, 443, 8000)))["TCP"] == OK, "firewall_rules has it"


@pytest.mark.parametrize(
    ("what", "check", "state"),
    [
        (seen(tcp=(22, 80, 443, 3306)), "TCP", FAIL),
        (seen(tcp=(22, 80)), "TCP", FAIL),
        (seen(udp=(443, 53)), "UDP", FAIL),
        (seen(udp=()), "UDP", FAIL),
        (seen(versions=["TLS 1.0", "TLS 1.2"]), "TLS", FAIL),
        (seen(versions=[]), "TLS", FAIL),
        (seen(days=20.0), "certificate", WARN),
        (seen(days=5.0), "certificate", FAIL),
        (seen(problem="certificate has expired", days=None), "certificate", FAIL),
        (seen(days=3.0, lifetime=6.0), "certificate", OK),
        (seen(headers={}), "headers", WARN),
        (seen(http_status=200, redirect=""), "HTTP", FAIL),
        (seen(redirect="http://shop.example.com/"), "HTTP", FAIL),
    ],
)
def test_what_is_not(what: dict[str, Any], check: str, state: str) -> None:
    assert states(what)[check] == state


def test_weak_algorithms_and_an_sshd_that_does_not_answer() -> None:
    weak = seen()
    weak["ssh"]["weak"] = ["hmac-sha1"]
    assert states(weak)["sshd"] == FAIL
    assert states(seen() | {"ssh": {"error": "timed out"}})["sshd"] == WARN


def test_without_tls_and_with_an_authority_of_the_proxys_own() -> None:
    plain = Wanted(tcp=(22, 80), allowed=frozenset({"443/tcp"}), tls=False)
    assert states(seen(tcp=(22, 80, 443), udp=(), http_status=200), plain)["HTTP"] == OK
    assert states(seen(tcp=(22, 80), udp=(), http_status=404), plain)["HTTP"] == FAIL
    own = Wanted(tcp=(22, 80, 443), udp=(443,), trusted=False)
    assert states(seen(problem="self-signed certificate"), own)["certificate"] == OK


def test_an_address_without_a_route() -> None:
    found = findings({"scans": {}, "no_route": {"2001:db8::1": "unreachable"}, "ssh": {}, "sites": {}}, WANTED)
    assert [(each.state, "IPv6" in each.advice) for each in found] == [(WARN, True)]
