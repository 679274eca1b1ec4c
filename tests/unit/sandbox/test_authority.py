"""The certificate authority, checked by TLS itself."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from pathlib import Path

import pytest

from sandbox import authority, paths


def handshake(chain: Path, key: Path, name: str) -> None:
    """Serve with a certificate and connect to it as `name`; ssl.SSLError if it is not accepted."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    client = ssl.create_default_context(cafile=str(authority.CERTIFICATE))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(far, server_side=True).close()
        except ssl.SSLError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(near, server_hostname=name).close()
    finally:
        near.close()
        thread.join()


@pytest.mark.parametrize("name", ["registry.sandbox", "172.30.0.3", "127.0.0.1", "localhost"])
def test_a_certificate_holds_for_its_name_and_addresses(name: str) -> None:
    authority.certificate("registry.sandbox", "172.30.0.3")
    handshake(paths.AUTHORITY / "registry.sandbox.pem", paths.AUTHORITY / "registry.sandbox.key", name)


def test_a_certificate_does_not_hold_for_another_name() -> None:
    authority.certificate("registry.sandbox", "172.30.0.3")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(paths.AUTHORITY / "registry.sandbox.pem", paths.AUTHORITY / "registry.sandbox.key", "hub.sandbox")


def test_certificates_stay_the_same_until_they_are_about_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    first = authority.certificate("hub.sandbox", "172.30.0.4")
    assert authority.certificate("hub.sandbox", "172.30.0.4") == first
    monkeypatch.setattr(authority, "RENEW_BEFORE", authority.SERVER_LIFETIME + datetime.timedelta(days=1))
    assert authority.certificate("hub.sandbox", "172.30.0.4") != first


def test_keys_are_for_their_owner_alone() -> None:
    authority.certificate("hub.sandbox", "172.30.0.4")
    assert authority.KEY.stat().st_mode & 0o777 == 0o600
    assert (paths.AUTHORITY / "hub.sandbox.key").stat().st_mode & 0o777 == 0o600
    assert authority.CERTIFICATE.stat().st_mode & 0o777 == 0o644
