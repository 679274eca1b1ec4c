"""Certificates that an application brings along, and those of the proxy's internal authority."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox import acme, names
from tests.sandbox.playbook import environment
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.tls.conftest import DOMAIN, SERVER
from tests.tls.steps import FAST, fab, write
from tests.tls.visitor import Visitor, fingerprint, serial
from tests.unit.tls.authority import Pair, issue

ADDRESS = names.server(SERVER).address
NAMES = (DOMAIN, f"*.{DOMAIN}", ADDRESS)


@pytest.fixture(scope="module")
def company() -> Pair:
    return issue("The company's own authority")


@pytest.fixture(scope="module")
def own(first: int, company: Pair, site: Project) -> tuple[Pair, Pair]:
    """Two pairs of a private authority's, for the same names; the application's file names where they are to lie."""
    write(site.inventory / "certificates", root_pem=company.pem)
    paths = {"certificate": "certificates/beacon.pem", "key": "certificates/beacon.key"}
    options = {"body_limit": "1MB", "headers": {"X-Frame-Options": None, "X-Who": "us"}}
    site.change("beacon", domains=[DOMAIN, ADDRESS], tls=paths, proxy=options)
    return issue("beacon", *NAMES, by=company), issue("beacon", *NAMES, by=company, begins=-85, ends=5)


def test_a_pair_that_does_not_work_changes_nothing(
    first: int, own: tuple[Pair, Pair], company: Pair, site: Project, server: Server
) -> None:
    folder = site.inventory / "certificates"
    site.deploy().failed("apps/beacon.yml", "tls.certificate", "certificates/beacon.pem, which is not there")
    old = issue("beacon", *NAMES, by=company, begins=-9, ends=-1)
    write(folder, beacon_pem=old.chain, beacon_key=old.key())
    outcome = site.deploy()
    outcome.failed("apps/beacon.yml", "tls.certificate: found one that has expired on ", "expected one that is valid")
    write(folder, beacon_pem=own[0].chain, beacon_key=own[1].key())
    outcome = site.deploy().failed("apps/beacon.yml", "tls.key: found the key of another certificate")
    # Nobody was asked anything.
    outcome.says_not("PRIVATE KEY", "Look at each host")
    assert serial(server, DOMAIN) == first


def test_an_own_certificate_is_served(
    own: tuple[Pair, Pair], company: Pair, site: Project, server: Server, visitor: Visitor
) -> None:
    folder = site.inventory / "certificates"
    write(folder, beacon_pem=own[0].chain, beacon_key=own[0].key(), vault_password=b"not-a-secret\n")
    password = ("--vault-password-file", str(folder / "vault.password"))
    encrypt = ["ansible-vault", "encrypt", *password, str(folder / "beacon.key")]
    subprocess.run(encrypt, env=environment(), check=True, capture_output=True)
    site.deploy(*FAST, *password, "-vvv").succeeded().says_not("PRIVATE KEY")
    assert serial(server, DOMAIN) == own[0].certificate.serial_number
    visitor.believe(company.pem.decode())
    assert visitor.ask(f"https://{DOMAIN}/").status == 200
    assert visitor.ask(f"https://www.{DOMAIN}/").header("location") == f"https://{DOMAIN}/"
    keys = server.run("find /var/lib/slipway/proxy/certificates -name '*.key' -printf '%m %u\\n'")
    assert keys == "600 root"
    site.playbook("verify", "-e", f"verify_authority={folder / 'root.pem'}", *password).succeeded()
    (folder / "beacon.key").write_bytes(own[0].key())


def test_visitors_of_the_address_get_the_certificate_too(own: tuple[Pair, Pair], visitor: Visitor) -> None:
    """Though they name no server in their handshakes."""
    assert visitor.ask(f"https://{ADDRESS}/").status == 200
    assert visitor.ask(f"https://{ADDRESS}/", "--http3-only").version == "3"
    assert visitor.ask(f"http://{ADDRESS}/").header("location") == f"https://{ADDRESS}/"


def test_the_application_s_own_headers_and_limit_count(own: tuple[Pair, Pair], visitor: Visitor) -> None:
    answer = visitor.ask(f"https://{DOMAIN}/")
    assert (answer.header("x-who"), answer.header("x-frame-options")) == ("us", "")
    assert visitor.ask(f"https://{DOMAIN}/upload", "--data", "x" * 1000).status == 200
    large = ("--data-binary", "@/usr/bin/perl", "--header", "Expect:")
    assert visitor.ask(f"https://{DOMAIN}/upload", *large).status == 413


def test_another_own_certificate_is_loaded_without_a_release(
    own: tuple[Pair, Pair], site: Project, server: Server, visitor: Visitor
) -> None:
    live = server.live("beacon")
    write(site.inventory / "certificates", beacon_pem=own[1].chain, beacon_key=own[1].key())
    with ThreadPoolExecutor() as pool:
        # HTTP/3 is what Caddy cuts off when the grace period is over.
        patient = pool.submit(visitor.ask, f"https://{DOMAIN}/slow?seconds=25", "--http3-only")
        site.deploy(*FAST).succeeded()
        answer = patient.result()
    assert (answer.status, answer.error) == (200, "")
    assert serial(server, DOMAIN) == own[1].certificate.serial_number
    assert server.live("beacon") == live
    assert server.run("ls /var/lib/slipway/proxy/certificates | grep -c key") == "1"


def test_verification_tells_how_long_a_certificate_lasts_that_nobody_renews(
    own: tuple[Pair, Pair], site: Project
) -> None:
    """The other pair is at its last five days of ninety."""
    authority = site.inventory / "certificates/root.pem"
    outcome = site.playbook("verify", "-e", f"verify_authority={authority}")
    outcome.failed("expected at least 20% of its life left", "found 5 days left, by The company's own authority")
    lines = fab(site, "certificates").stdout.splitlines()
    assert lines[1].split()[-2] == "5"


def test_an_internal_authority_certifies_names_that_are_not_public_and_addresses(
    own: tuple[Pair, Pair], site: Project, server: Server, visitor: Visitor
) -> None:
    private = "beacon.internal"
    site.change("beacon", tls="internal", domains=[DOMAIN, private, ADDRESS])
    site.deploy(*FAST).succeeded()
    shown = fab(site, "authority")
    assert fingerprint(shown.stdout) in shown.stderr
    visitor.believe(shown.stdout)
    answer = visitor.ask(f"https://{private}/", "--resolve", f"{private}:443:{server.what.address}")
    assert (answer.status, answer.header("strict-transport-security"), answer.error) == (200, "", "")
    answer = visitor.ask(f"https://{ADDRESS}/")
    assert (answer.status, answer.error) == (200, "")


def test_back_with_the_authority_nothing_is_asked_again(
    own: tuple[Pair, Pair], first: int, site: Project, server: Server, visitor: Visitor
) -> None:
    site.change("beacon", tls=None, proxy=None, domains=[DOMAIN])
    site.deploy(*FAST).succeeded()
    assert serial(server, DOMAIN) == first
    visitor.believe(acme.ROOTS.read_text(encoding="ascii"))
    assert visitor.ask(f"https://{DOMAIN}/").status == 200
