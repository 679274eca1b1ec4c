"""Whether a name has a certificate, and what Caddy's log says when it has none."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.proxy_certificates import (
    certificate_name,
    reasons,
    without_certificate,
)

from tests.unit.tls.authority import issue


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[int]:
    """A TLS server with a certificate for one name, that refuses all others; its port."""
    pair = issue("shop", "shop.example.com", by=issue("Test root"))
    file = tmp_path / "pair.pem"
    file.write_bytes(pair.chain + pair.key())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda _socket, name, _context: (
        None if name == "shop.example.com" else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    )
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
                with connection, context.wrap_socket(connection, server_side=True):
                    pass
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_names_without_a_certificate_are_found(proxy: int) -> None:
    names = ["shop.example.com", "blog.example.com"]
    assert without_certificate("127.0.0.1", proxy, names, 0.0) == ["blog.example.com"]


def test_nobody_answers() -> None:
    assert without_certificate("127.0.0.1", 1, ["shop.example.com"], 0.0) == ["shop.example.com"]


def test_a_wildcard_is_asked_by_a_name_below_it() -> None:
    assert certificate_name("*.example.com") == "slipway.example.com"
    assert certificate_name("shop.example.com") == "shop.example.com"


def line(**entry: object) -> str:
    return json.dumps({"level": "error", "logger": "tls.obtain", **entry})


def test_the_last_reason_of_a_domain_counts() -> None:
    log = "\n".join(
        [
            "plain text",
            line(logger="http.log.access", msg="handled request", identifier="shop.example.com", error="no"),
            line(msg="could not get certificate", identifier="shop.example.com", error="first"),
            line(
                msg="will retry", error="[shop.example.com] Obtain: connection refused", identifier="shop.example.com"
            ),
            line(level="info", identifier="shop.example.com", error="done"),
            line(identifier="shop.example.com", error="[shop.example.com] solving challenges: context canceled"),
            line(identifiers=["blog.example.com"], error="HTTP 429 rate limited"),
        ]
    )
    found = reasons(log)
    assert found["blog.example.com"] == "HTTP 429 rate limited"
    assert set(found) == {"shop.example.com", "blog.example.com"}
    assert found["shop.example.com"] == "[shop.example.com] Obtain: connection refused"
