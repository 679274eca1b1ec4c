"""A site that speaks TLS for real, with a certificate of an authority of the test's own."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.web_look import look
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOMAIN = "shop.example.com"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        secure = isinstance(self.connection, ssl.SSLSocket)
        self.send_response(200 if secure else 308)
        self.send_header("Strict-Transport-Security" if secure else "Location", f"https://{self.headers['Host']}/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@dataclass
class Web:
    ports: tuple[int, int]
    authority: str


def certificate(folder: Path, days: float) -> str:
    """A certificate that signs itself, for the domain; its PEM text."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A Test's Authority")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(DOMAIN)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = built.public_bytes(serialization.Encoding.PEM).decode()
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    (folder / "both.pem").write_text(text + secret)
    return text


@pytest.fixture
def web(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Web]:
    text = certificate(tmp_path, request.param)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    plain, secure = (HTTPServer(("127.0.0.1", 0), Handler) for _ in range(2))
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    for server in (plain, secure):
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield Web((plain.server_port, secure.server_port), text)
    for server in (plain, secure):
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("web", [60], indirect=True)
def test_a_site_in_order(web: Web) -> None:
    site = look("127.0.0.1", DOMAIN, web.ports, "/", 5, web.authority)
    assert site.versions == ["TLS 1.2", "TLS 1.3"]
    assert (site.problem, site.issuer, site.status) == ("", "A Test's Authority", 200)
    assert site.days == pytest.approx(60, abs=0.1) and site.lifetime == pytest.approx(90, abs=0.1)
    assert site.headers["strict-transport-security"]
    assert (site.http_status, site.redirect) == (308, f"https://{DOMAIN}/")


@pytest.mark.parametrize(("web", "problem"), [(60, "self-signed"), (-1, "expired")], indirect=["web"])
def test_a_certificate_that_is_not_trusted(web: Web, problem: str) -> None:
    site = look("127.0.0.1", DOMAIN, web.ports, "/", 5, web.authority if problem == "expired" else "")
    assert problem in site.problem and site.status == 200


@pytest.mark.parametrize("web", [60], indirect=True)
def test_a_certificate_of_another_name(web: Web) -> None:
    assert "mismatch" in look("127.0.0.1", "other.example.com", web.ports, "/", 5, web.authority).problem.lower()


def test_nobody_there() -> None:
    site = look("127.0.0.1", DOMAIN, (1, 1), "/", 1)
    assert site.versions == [] and site.error
