"""Another authority, whose certificates last two minutes: a change to it, its renewals, and its refusals."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.proxy_certificates import reasons

from sandbox import acme, names
from tests.sandbox.playbook import Outcome
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.tls import authorities
from tests.tls.conftest import DOMAIN
from tests.tls.steps import FAST, fab, wait_until
from tests.tls.visitor import Visitor, serial

WWW = f"www.{DOMAIN}"
# The proxy looks every two seconds for certificates with less than 95 % of their life left.
EAGER = "renew_interval 2s\nrenewal_window_ratio 0.95\n"


def said(server: Server, name: str, since: float) -> str:
    """What an authority has answered for a name since a time, as the proxy's log tells it."""
    return reasons(server.run(f"docker logs --since {since:.0f} slipway-proxy 2>&1")).get(name, "")


def start_authority(server: Server, visitor: Visitor, roots: list[str], **elsewhere: str) -> None:
    """Each start makes a new root. The old account is forgotten: it has none, and the proxy would wait for a minute."""
    roots.append(authorities.start_short_lived(**elsewhere))
    visitor.believe("".join([acme.ROOTS.read_text(encoding="ascii"), *roots]))
    volume = "$(docker volume inspect --format '{{.Mountpoint}}' slipway-proxy-data)"
    server.run(f"rm -rf {volume}/caddy/acme/{authorities.SERVER.domain}*")


@pytest.fixture(scope="module")
def roots() -> list[str]:
    """Those that the authority has had."""
    return []


def asked_during(visitor: Visitor, call: Callable[[], Outcome]) -> tuple[Outcome, set[int | str]]:
    """What came of a call, and what a visitor met who came again and again meanwhile."""
    met: set[int | str] = set()
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(call)
        while not running.done():
            answer = visitor.ask(f"https://{DOMAIN}/")
            met.add(answer.error or answer.status)
            time.sleep(0.1)
        return running.result(), met


@pytest.fixture(scope="module")
def refused(first: int, site: Project, visitor: Visitor) -> Outcome:
    """The deploy after the inventory has named an authority that refuses every order."""
    authorities.start_refusing()
    site.settings(proxy_acme_directory=authorities.SERVER.directory, proxy_global_options=EAGER)
    outcome, met = asked_during(visitor, lambda: site.deploy(*FAST))
    assert met == {200}
    return outcome


def test_an_authority_that_refuses_is_told_and_the_old_certificate_goes_on(
    refused: Outcome, first: int, server: Server
) -> None:
    refused.failed(f"no certificate within 10 s for {DOMAIN}: HTTP 429", "rateLimited", "The one from before goes on")
    assert serial(server, DOMAIN) == first
    server.run("docker restart slipway-proxy")
    wait_until(lambda: serial(server, DOMAIN) == first, "the old certificate after a restart of the proxy")


@pytest.fixture(scope="module")
def short(refused: Outcome, first: int, server: Server, visitor: Visitor, roots: list[str]) -> None:
    """That authority has come to itself, and the proxy has asked it again, as it does when it starts."""
    old = serial(server, WWW)
    start_authority(server, visitor, roots)
    server.run("docker restart slipway-proxy")
    wait_until(lambda: not {serial(server, DOMAIN), serial(server, WWW)} & {0, first, old}, "the new certificates")


def test_the_proxy_goes_on_trying(short: None, site: Project) -> None:
    assert [line.split()[-2] for line in fab(site, "certificates").stdout.splitlines()[1:]] == ["0", "0"]


def test_a_certificate_is_renewed_while_visitors_come(short: None, server: Server, visitor: Visitor) -> None:
    before, met = serial(server, DOMAIN), set()

    def is_renewed() -> bool:
        answer = visitor.ask(f"https://{DOMAIN}/")
        met.add(answer.error or answer.status)
        return serial(server, DOMAIN) not in (0, before)

    wait_until(is_renewed, "another certificate")
    assert met == {200}


def test_a_challenge_that_fails_leaves_the_old_certificate(
    short: None, server: Server, visitor: Visitor, roots: list[str]
) -> None:
    """One name leads elsewhere by now; the other is renewed as ever."""
    begun = time.time()
    records = {WWW: names.DNS_ADDRESS, DOMAIN: server.what.address}
    start_authority(server, visitor, roots, **records)
    before = serial(server, DOMAIN)
    wait_until(lambda: "urn:ietf:params:acme:error" in said(server, WWW, begun), "the authority's answer")
    kept = serial(server, WWW)
    wait_until(lambda: serial(server, DOMAIN) not in (0, before), "the other name's certificate")
    assert serial(server, WWW) == kept != 0


def test_a_limit_that_is_reached_leaves_the_old_certificate(short: None, server: Server, visitor: Visitor) -> None:
    begun = time.time()
    authorities.start_refusing()
    wait_until(lambda: "rateLimited" in said(server, DOMAIN, begun), "the authority's answer")
    assert serial(server, DOMAIN) != 0


def test_an_authority_takes_over_from_one_that_gives_no_renewals(
    short: None, site: Project, server: Server, visitor: Visitor, roots: list[str]
) -> None:
    """The proxy has been told to wait, and does so for minutes; the same authority by its address is another one."""
    start_authority(server, visitor, roots)
    before = serial(server, DOMAIN), serial(server, WWW)
    site.settings(proxy_acme_directory=f"https://{authorities.SERVER.address}/dir")
    outcome, met = asked_during(visitor, lambda: site.deploy(*FAST))
    outcome.succeeded()
    assert met == {200}
    after = serial(server, DOMAIN), serial(server, WWW)
    assert not {0, *before} & {*after}


def test_back_with_the_first_authority_in_a_new_container_nothing_is_asked_again(
    short: None, first: int, site: Project, server: Server, visitor: Visitor
) -> None:
    settings = {"proxy_global_options": "renew_interval 2s\n", "proxy_memory": "255m"}
    site.settings(proxy_acme_directory=acme.STANDARD.directory, **settings)
    site.deploy(*FAST).succeeded()
    assert serial(server, DOMAIN) == first
    assert visitor.ask(f"https://{DOMAIN}/").status == 200
    authorities.stop()
