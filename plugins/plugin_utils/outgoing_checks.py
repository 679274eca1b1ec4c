"""Checks of what a server must reach: name server, packages, registry with its login, certificate authority."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible_collections.slipway.vps.plugins.module_utils.vitals import Vitals
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, WARN, Finding
from ansible_collections.slipway.vps.plugins.plugin_utils.server_tunnel import (
    DOCKER_HUB_REGISTRY,
    Get,
    TunnelError,
    is_acme_directory,
    log_in,
)

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
DOCKER_PACKAGES = "https://download.docker.com/linux/debian"
_AUTHORITIES = {"proxy_acme_directory": "proxy_acme_ca_root"}
NO_ADDRESS = "the name has no address"


@dataclass(frozen=True)
class Wanted:
    """What the server will ask of the outside; empty where it will not. `acme` is the directory's address."""

    packages: str = DOCKER_PACKAGES
    registry: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    hub: str = DOCKER_HUB_REGISTRY
    acme: str = ""

    @property
    def places(self) -> list[str]:
        """host:port of each of them."""
        found = [place(self.packages), place(f"https://{self.registry or self.hub}"), place(f"https://{self.hub}")]
        return list(dict.fromkeys([*found, *([place(self.acme)] if self.acme else [])]))


def place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


def name_server(vitals: Vitals) -> Finding:
    """Whether names are resolved at all; a single one that is unknown is told where it is needed."""
    answers = list(vitals.reached.values())
    if answers and all(answer == NO_ADDRESS for answer in answers):
        advice = "The server's name server does not answer: look at /etc/resolv.conf, and let UDP and TCP port 53 out"
        return Finding("outgoing DNS", FAIL, "no name has an address", advice)
    return Finding("outgoing DNS", OK, f"{len(answers)} names have addresses")


def packages(vitals: Vitals, wanted: Wanted) -> Finding:
    """The distribution's mirrors and Docker's repository."""
    places = list(dict.fromkeys([*vitals.mirrors, place(wanted.packages), place(f"https://{wanted.hub}")]))
    bad = [f"{each} ({vitals.reached[each]})" for each in places if vitals.reached.get(each)]
    if bad:
        advice = "Let the server out to it (provider's firewall, route, proxy), or name another mirror"
        return Finding("outgoing HTTP", FAIL, ", ".join(bad), advice)
    return Finding("outgoing HTTP", OK, f"{', '.join(each.rpartition(':')[0] for each in places)} answer")


def registry(vitals: Vitals, wanted: Wanted, get: Get) -> Finding:
    """Reaches the registry from the server, and logs in as the server will."""
    name = wanted.registry or "Docker Hub"

    def trial() -> Finding:
        refusal = log_in(get, wanted.registry, wanted.username, wanted.password)
        if refusal == "refused":
            advice = "Wrong user name or password: see registry_username and registry_password"
            return Finding("registry", FAIL, f"{name} refuses user {wanted.username}", advice)
        if refusal:
            return Finding("registry", FAIL, f"{name} {refusal}", "Is registry_server a container registry?")
        return Finding(
            "registry", OK, f"{name}: " + (f"login as {wanted.username} works" if wanted.username else "it answers")
        )

    where = place(f"https://{wanted.registry or wanted.hub}")
    return _tried("registry", name, vitals.reached.get(where, ""), trial, "registry_server")


def acme(vitals: Vitals, wanted: Wanted, get: Get) -> Finding:
    """Asks the certificate authority for its directory; no order is made, so that no rate limit is touched."""

    def trial() -> Finding:
        answer = get(wanted.acme, {})
        if is_acme_directory(answer):
            return Finding("ACME", OK, f"{urlsplit(wanted.acme).hostname} answers")
        found = f"{wanted.acme} answers {answer.status}, and not with an ACME directory"
        return Finding("ACME", FAIL, found, "See proxy_acme_directory")

    name = urlsplit(wanted.acme).hostname or wanted.acme
    return _tried("ACME", name, vitals.reached.get(place(wanted.acme), ""), trial, "proxy_acme_directory")


def _tried(check: str, name: str, refusal: str, trial: Callable[[], Finding], variable: str) -> Finding:
    advice = f"Let the server out to it, and see {variable}"
    if refusal:
        return Finding(check, FAIL, f"{name}: {refusal}", advice)
    try:
        return trial()
    except TunnelError as error:
        if error.forbidden:
            found = f"{name} accepts connections; its answer could not be asked for (AllowTcpForwarding is off)"
            return Finding(check, WARN, found, "The deploy will tell")
        untrusted = "certificate" in str(error)
        hint = (
            f"Name its authority ({_AUTHORITIES.get(variable, 'docker_registry_certificates')}), and see {variable}"
            if untrusted
            else advice
        )
        return Finding(check, FAIL, f"{name}: {error}", hint)


def outgoing(vitals: Vitals, wanted: Wanted, get: Get) -> list[Finding]:
    """All of them, those that ask over HTTPS at the same time."""
    asked: Mapping[str, Callable[[Vitals, Wanted, Get], Finding]] = {"registry": registry}
    if wanted.acme:
        asked = {**asked, "ACME": acme}
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(check, vitals, wanted, get) for check in asked.values()]
        return [name_server(vitals), packages(vitals, wanted), *(answer.result() for answer in answers)]
