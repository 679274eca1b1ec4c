"""The certificates that the proxy serves: whether a name has one, and what the authority said when it has not."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

HANDSHAKE_SECONDS = 3.0
PAUSE_SECONDS = 0.2
# Loggers of Caddy that tell of a certificate's being got or renewed.
LOGGERS = ("tls.obtain", "tls.renew", "tls.issuance", "tls.cache")
# What it says of what a reload has cut off: nobody's answer.
CUT_OFF = "context canceled"


def certificate_name(domain: str) -> str:
    """A host name that a domain's certificate covers: itself, or one below a wildcard."""
    return domain.replace("*", "slipway", 1)


def served(address: str, port: int, domain: str) -> bytes:
    """The certificate (DER) that a TLS handshake for the domain shows; empty as long as the proxy has none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        plain = socket.create_connection((address, port), timeout=HANDSHAKE_SECONDS)
        with plain, context.wrap_socket(plain, server_hostname=certificate_name(domain)) as secure:
            return secure.getpeercert(True) or b""
    except OSError:
        return b""


def all_served(address: str, port: int, domains: Iterable[str]) -> dict[str, bytes]:
    """`served` of each domain, asked side by side."""
    names = list(domains)
    with ThreadPoolExecutor(max_workers=16) as pool:
        return dict(zip(names, pool.map(lambda domain: served(address, port, domain), names)))


def without_certificate(address: str, port: int, domains: Iterable[str], seconds: float) -> list[str]:
    """The domains for which no certificate is served after at most `seconds`."""
    missing = list(domains)
    deadline = time.monotonic() + seconds
    while missing:
        missing = [domain for domain, found in all_served(address, port, missing).items() if not found]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(PAUSE_SECONDS)
    return missing


def reasons(log: str) -> dict[str, str]:
    """By domain, the last error that Caddy's JSON log tells of getting or renewing its certificate."""
    found: dict[str, str] = {}
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if not isinstance(entry, dict) or entry.get("level") not in ("error", "warn"):
            continue
        if not str(entry.get("logger", "")).startswith(LOGGERS):
            continue
        domain = str(entry.get("identifier") or "") or _first(entry.get("identifiers"))
        text = entry.get("error") or ""
        if domain and text and CUT_OFF not in str(text):
            found[domain] = " ".join(str(text).split())
    return found


def _first(names: object) -> str:
    return str(names[0]) if isinstance(names, list) and names else ""
