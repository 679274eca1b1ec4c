"""What a site shows a visitor: the versions of TLS it speaks, its certificate, its headers, where plain HTTP leads."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import warnings
from dataclasses import dataclass, field

VERSIONS = {
    "TLS 1.0": ssl.TLSVersion.TLSv1,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
}
DAY = 86400.0


@dataclass
class Site:
    """`problem`: why the certificate is not trusted, '' when it is; `days` until it expires; `error`: no answer."""

    domain: str
    versions: list[str] = field(default_factory=list)
    problem: str = ""
    days: float | None = None
    lifetime: float | None = None
    issuer: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    redirect: str = ""
    http_status: int = 0
    error: str = ""


def look(address: str, domain: str, ports: tuple[int, int], path: str, seconds: float, authority: str = "") -> Site:
    """Asks `domain` at an address. `ports` of HTTP and HTTPS; `authority`: PEM text, besides those of this machine."""
    site = Site(domain)
    http_port, https_port = ports
    site.http_status, headers, error = _get(address, http_port, domain, path, seconds, None)
    site.redirect, site.error = headers.get("location", ""), error
    site.versions = [
        name for name, version in VERSIONS.items() if speaks(address, https_port, domain, version, seconds)
    ]
    if not site.versions:
        return site
    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(cadata=authority)
    try:
        with (
            socket.create_connection((address, https_port), timeout=seconds) as raw,
            context.wrap_socket(raw, server_hostname=domain) as secured,
        ):
            certificate = secured.getpeercert() or {}
        expiry = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        site.days = (expiry - time.time()) / DAY
        site.lifetime = (expiry - ssl.cert_time_to_seconds(str(certificate["notBefore"]))) / DAY
        issuer = {key: value for part in certificate.get("issuer", ()) for key, value in part}  # type: ignore[misc]
        site.issuer = str(issuer.get("organizationName") or issuer.get("commonName") or "")
    except ssl.SSLCertVerificationError as error:
        site.problem = error.verify_message
        context = ssl._create_unverified_context()
    except OSError as error:
        site.problem = str(error)
    site.status, site.headers, _ = _get(address, https_port, domain, path, seconds, context)
    return site


def speaks(address: str, port: int, domain: str, version: ssl.TLSVersion, seconds: float) -> bool:
    """Whether a handshake of this version, and no other, succeeds; whatever the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        # Python warns of the old versions, which are to be found here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    # OpenSSL has the old versions at its lowest level alone.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        with (
            socket.create_connection((address, port), timeout=seconds) as raw,
            context.wrap_socket(raw, server_hostname=domain),
        ):
            return True
    except OSError:
        return False


def _get(
    address: str, port: int, domain: str, path: str, seconds: float, context: ssl.SSLContext | None
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.connect()
        if context:
            connection.sock = context.wrap_socket(connection.sock, server_hostname=domain)
        connection.request("GET", path, headers={"Host": domain, "User-Agent": "slipway-probe"})
        response = connection.getresponse()
        response.read(1000)
        return response.status, {key.lower(): value for key, value in response.getheaders()}, ""
    except (OSError, http.client.HTTPException) as error:
        return 0, {}, str(error) or type(error).__name__
    finally:
        connection.close()
