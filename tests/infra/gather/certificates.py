"""The certificate of a name as the proxy shows it, and over what: version, protocol, and what is refused."""

from __future__ import annotations

import socket
import ssl
import time
import warnings

from gather import network

DAY = 86400.0
OLD = {"TLS 1.0": "TLSv1", "TLS 1.1": "TLSv1_1"}


def look(name, request):
    """`error` where it is not trusted; days until it expires and of its whole life; HTTP's version; old TLS that is
    spoken all the same.
    """
    address = ("127.0.0.1", request["https_port"])
    authority = request["authority"] if request["tls"] != "internal" else ""
    context = network._context(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    found = {"error": "", "days": None, "lifetime": None, "issuer": "", "version": "", "protocol": "", "old": []}
    try:
        with (
            socket.create_connection(address, timeout=network.HTTP_SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=name) as secured,
        ):
            found["version"], found["protocol"] = secured.version(), secured.selected_alpn_protocol() or ""
            certificate = secured.getpeercert() or {}
    except OSError as error:
        return {**found, "error": getattr(error, "verify_message", "") or str(error)}
    if certificate:
        expiry, begin = (ssl.cert_time_to_seconds(certificate[key]) for key in ("notAfter", "notBefore"))
        found["days"], found["lifetime"] = (expiry - time.time()) / DAY, (expiry - begin) / DAY
        issuer = {key: value for part in certificate["issuer"] for key, value in part}
        found["issuer"] = issuer.get("organizationName") or issuer.get("commonName") or ""
    found["old"] = [shown for shown, version in OLD.items() if _speaks(address, name, version)]
    return found


def _speaks(address, name, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        # Python warns of the old versions, which are to be found here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    try:
        with (
            socket.create_connection(address, timeout=network.SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=name),
        ):
            return True
    except OSError:
        return False
