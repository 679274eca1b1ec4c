"""What was seen of a server from outside, against what the inventory says should be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, WARN, Finding

GOOD_VERSIONS = ("TLS 1.2", "TLS 1.3")
REDIRECTS = (301, 302, 307, 308)
# An ACME client renews when a third of the lifetime is left (RFC 9773 is the server's own word for it): less means that
# it has tried in vain for a while.
RENEWAL_SHARE, LATE_SHARE = 0.25, 0.1


@dataclass(frozen=True)
class Wanted:
    """What is to be seen. `tcp` and `udp` must answer; what is in `allowed` (443/udp) may. `tls`: whether sites speak
    it; `trusted`: whether their certificates come from an authority that visitors know.
    """

    tcp: tuple[int, ...]
    udp: tuple[int, ...] = ()
    allowed: frozenset[str] = frozenset()
    tls: bool = True
    trusted: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


def findings(seen: Mapping[str, Any], wanted: Wanted) -> list[Finding]:
    """All findings on one server."""
    found = []
    for address, scan in seen["scans"].items():
        found.append(_ports("TCP", address, scan["tcp"], wanted.tcp, wanted, scan))
        found.append(_ports("UDP", address, scan["udp"], wanted.udp, wanted, scan))
    for address in seen["no_route"]:
        advice = "Probe it from a machine that has IPv6" if ":" in address else "Probe it from elsewhere"
        found.append(Finding(f"ports {address}", WARN, "not scanned: this machine has no route there", advice))
    if seen["ssh"]:
        found.append(_ssh(seen["ssh"]))
    for name, site in seen["sites"].items():
        found += _site(name, site, wanted)
    return found


def _ports(
    protocol: str, address: str, is_open: list[int], must: Iterable[int], wanted: Wanted, scan: Mapping[str, Any]
) -> Finding:
    kind = protocol.lower()
    more = [port for port in is_open if port not in must and f"{port}/{kind}" not in wanted.allowed]
    missing = [port for port in must if port not in is_open]
    told = _listed(is_open) if is_open else "nothing"
    if more:
        found = f"{told} answer; the inventory does not have {_listed(more)}"
        advice = "`ss -ltunp` and `docker ps` on the server show whose it is; firewall_rules lists what may be open"
        return Finding(f"{protocol} {address}", FAIL, found, advice)
    if missing:
        advice = "Does playbooks/verify.yml find it well? Then something between here and there is in the way"
        return Finding(f"{protocol} {address}", FAIL, f"{_listed(missing)} should answer, and does not", advice)
    others = ", ".join(
        f"{count} {name.partition(' ')[2]}"
        for name, count in sorted(scan["counts"].items())
        if name.startswith(kind) and not name.endswith("open")
    )
    return Finding(f"{protocol} {address}", OK, f"{told} answer; {others}")


def _listed(ports: Iterable[int]) -> str:
    return ", ".join(str(port) for port in ports)


def _ssh(offer: Mapping[str, Any]) -> Finding:
    if offer.get("error"):
        return Finding("sshd", WARN, f"its offer could not be read: {offer['error']}", "Is somebody here banned there?")
    if offer["weak"]:
        advice = "baseline_ssh sets what sshd offers: playbooks/deploy.yml applies it"
        return Finding("sshd", FAIL, f"offers weak algorithms: {', '.join(offer['weak'])}", advice)
    count = sum(len(offer[kind]) for kind in ("key_exchange", "host_keys", "ciphers", "macs"))
    return Finding("sshd", OK, f"offers {count} algorithms, none of them weak")


def _site(name: str, site: Mapping[str, Any], wanted: Wanted) -> list[Finding]:
    if not wanted.tls:
        status = site["http_status"]
        if 200 <= status < 400 or status == 503:
            advice = "Is maintenance mode on?" if status == 503 else ""
            return [Finding(f"HTTP {name}", WARN if advice else OK, f"answers {status}", advice)]
        said = f"answers {status}" if status else f"no answer: {site['error']}"
        return [Finding(f"HTTP {name}", FAIL, said, "playbooks/verify.yml tells more")]
    return [
        _redirect(name, site),
        _versions(name, site),
        _certificate(name, site, wanted),
        _headers(name, site, wanted),
    ]


def _redirect(name: str, site: Mapping[str, Any]) -> Finding:
    there = site["http_status"] in REDIRECTS and site["redirect"].startswith("https://")
    if there:
        return Finding(f"HTTP {name}", OK, f"leads to {site['redirect']}")
    said = site["error"] or f"{site['http_status']} {site['redirect']}".strip()
    return Finding(f"HTTP {name}", FAIL, f"does not lead to HTTPS: {said}", "playbooks/verify.yml tells more")


def _versions(name: str, site: Mapping[str, Any]) -> Finding:
    spoken = ", ".join(site["versions"]) or "nothing"
    old = [version for version in site["versions"] if version not in GOOD_VERSIONS]
    if old or not site["versions"]:
        advice = "proxy_global_options and proxy_site_directives may have changed it" if old else ""
        return Finding(
            f"TLS {name}", FAIL, f"speaks {spoken}", advice or "Is there a certificate? `docker logs slipway-proxy`"
        )
    return Finding(f"TLS {name}", OK, f"speaks {spoken}, and nothing older")


def _certificate(name: str, site: Mapping[str, Any], wanted: Wanted) -> Finding:
    check = f"certificate {name}"
    if site["problem"]:
        if not wanted.trusted:
            return Finding(check, OK, f"by an authority of its own ({site['problem']})")
        advice = (
            "exposure_authority names an authority that this machine does not know; else `docker logs slipway-proxy`"
        )
        return Finding(check, FAIL, f"not trusted: {site['problem']}", advice)
    if site["days"] is None:
        return Finding(check, FAIL, "none was shown", "`docker logs slipway-proxy` on the server tells why")
    left, share = site["days"], site["days"] / max(site["lifetime"] or 1, 1e-6)
    found = f"{shown_days(left)} left, by {site['issuer']}"
    if share < RENEWAL_SHARE:
        advice = "It should have been renewed: `docker logs slipway-proxy` on the server tells why not"
        return Finding(check, FAIL if share < LATE_SHARE else WARN, found, advice)
    return Finding(check, OK, found)


def shown_days(days: float) -> str:
    return (
        f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} hours" if days >= 0.1 else f"{days * 1440:.0f} minutes"
    )


def _headers(name: str, site: Mapping[str, Any], wanted: Wanted) -> Finding:
    sent = site["headers"]
    missing = [header for header in wanted.headers if not sent.get(header.lower())]
    if missing:
        advice = "proxy_site_headers and proxy_site_hsts have what the proxy adds: playbooks/deploy.yml applies it"
        return Finding(f"headers {name}", WARN, f"no {', '.join(missing)}", advice)
    # What the application sends itself is left as it is.
    own = [
        f"{header} ({sent[header.lower()]})"
        for header, value in wanted.headers.items()
        if sent[header.lower()] != value
    ]
    found = ", ".join(wanted.headers) or "none wanted"
    return Finding(f"headers {name}", OK, found + (f"; the application's own: {', '.join(own)}" if own else ""))
