"""A server's certificates: issued, served over every protocol, refused.

Each test goes on from the state that the ones before have left.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time

import pytest

from sandbox import acme
from tests.sandbox.playbook import Outcome
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.tls.conftest import DOMAIN
from tests.tls.steps import FAST, fab
from tests.tls.visitor import Visitor, serial


def test_the_first_deploy_ends_with_https(deployed: Outcome, visitor: Visitor) -> None:
    answer = visitor.ask(f"https://{DOMAIN}/")
    assert (answer.status, answer.error) == (200, "")
    assert json.loads(answer.body)["version"] == "v1"


@pytest.mark.parametrize(("option", "version"), [("--http1.1", "1.1"), ("--http2", "2"), ("--http3-only", "3")])
@pytest.mark.parametrize("family", ["--ipv4", "--ipv6"])
def test_every_protocol_over_both_families(
    deployed: Outcome, visitor: Visitor, option: str, version: str, family: str
) -> None:
    answer = visitor.ask(f"https://{DOMAIN}/", option, family)
    assert (answer.status, answer.version, answer.error) == (200, version, "")


def test_http_is_sent_to_https(deployed: Outcome, visitor: Visitor) -> None:
    answer = visitor.ask(f"http://{DOMAIN}/a/page?with=query", "--request", "POST")
    assert (answer.status, answer.header("location")) == (308, f"https://{DOMAIN}/a/page?with=query")


def test_other_names_are_sent_to_the_first(deployed: Outcome, visitor: Visitor) -> None:
    answer = visitor.ask(f"https://www.{DOMAIN}/a/page?with=query")
    assert (answer.status, answer.header("location")) == (308, f"https://{DOMAIN}/a/page?with=query")
    assert visitor.ask(f"http://www.{DOMAIN}/").header("location") == f"https://www.{DOMAIN}/"


def test_headers(deployed: Outcome, visitor: Visitor) -> None:
    answer = visitor.ask(f"https://{DOMAIN}/")
    assert answer.header("strict-transport-security") == "max-age=31536000"
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("x-frame-options") == "SAMEORIGIN"
    assert answer.header("referrer-policy") == "strict-origin-when-cross-origin"
    assert not {"server", "via"} & set(answer.headers)
    assert "strict-transport-security" not in visitor.ask(f"http://{DOMAIN}/").headers


@pytest.mark.parametrize("kind", ["zstd", "gzip"])
def test_text_is_compressed(deployed: Outcome, visitor: Visitor, kind: str) -> None:
    answer = visitor.ask(f"https://{DOMAIN}/page", "--header", f"Accept-Encoding: {kind}")
    assert answer.header("content-encoding") == kind
    assert "content-encoding" not in visitor.ask(f"https://{DOMAIN}/page").headers


def test_events_come_as_they_are_sent(deployed: Outcome, server: Server) -> None:
    """The first is there long before the last, though the visitor would take the stream compressed."""
    context = ssl.create_default_context(cafile=str(acme.ROOTS))
    plain = socket.create_connection(("127.0.0.1", server.what.https_port), timeout=30)
    with context.wrap_socket(plain, server_hostname=DOMAIN) as secure:
        text = f"GET /events?seconds=3 HTTP/1.1\r\nHost: {DOMAIN}\r\nAccept-Encoding: gzip, zstd\r\n\r\n"
        secure.sendall(text.encode())
        answer = http.client.HTTPResponse(secure)
        answer.begin()
        assert answer.getheader("content-encoding") is None
        assert answer.readline() == b"data: 0\n"
        began = time.monotonic()
        rest = answer.read()
        assert b"data: 9" in rest
        assert time.monotonic() - began > 1, "the whole stream came at once"


def test_verification_believes_the_authority_it_is_told_of(deployed: Outcome, site: Project) -> None:
    site.playbook("verify").succeeded()
    site.playbook("verify", "-e", "verify_authority=").failed("certificate")


def test_the_certificates_and_their_days_are_shown(deployed: Outcome, site: Project) -> None:
    lines = fab(site, "certificates").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["DOMAIN", DOMAIN, f"www.{DOMAIN}"]
    assert "Pebble" in lines[1]
    assert lines[1].split()[-2] in ("89", "90")


def test_a_second_deploy_asks_for_nothing(first: int, site: Project, server: Server) -> None:
    site.deploy().succeeded().line_with("Nothing to do.")
    assert serial(server, DOMAIN) == first


def test_a_name_that_leads_elsewhere_stops_the_deploy_before_anyone_is_asked(first: int, site: Project) -> None:
    site.change("beacon", domains=[DOMAIN, "beacon.vps-2.sandbox"])
    site.deploy().failed("DNS beacon.vps-2.sandbox", "points elsewhere")


def test_a_refused_name_is_told_and_the_others_go_on(
    first: int, site: Project, server: Server, visitor: Visitor
) -> None:
    site.change("beacon", domains=[DOMAIN, "beacon.vps-2.sandbox"], dns_check=False)
    outcome = site.deploy()
    outcome.failed("no certificate within 10 s for beacon.vps-2.sandbox: ", "goes on trying")
    assert serial(server, DOMAIN) == first
    assert visitor.ask(f"https://{DOMAIN}/").status == 200
    site.change("beacon", domains=[DOMAIN], dns_check=None)
    site.deploy(*FAST).succeeded()
    assert serial(server, DOMAIN) == first
