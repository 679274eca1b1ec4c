"""Visitors of a server's sites: curl on the sandbox's network, for all protocols, and handshakes from this machine."""

from __future__ import annotations

import io
import json
import socket
import ssl
import tarfile
from dataclasses import dataclass
from typing import Any

import docker
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sandbox import containers, names
from sandbox.containers import Specification
from tests.sandbox.server import Server

IMAGE = "slipway-sandbox/visitor:1"
# Debian 13's curl speaks HTTP/3.
DOCKERFILE = """
FROM debian:13
RUN apt-get update && apt-get install --yes --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
"""
# An address of its own: one that the engine picks may be that of a service.
SPECIFICATION = Specification(
    name="tls-visitor",
    image=IMAGE,
    kind="service",
    address="172.30.0.251",
    command=("sleep", "infinity"),
    host_configuration={"Dns": [names.DNS_ADDRESS], "Init": True},
)


@dataclass(frozen=True)
class Answer:
    """What curl met; `version` is HTTP's, `error` curl's own message."""

    status: int
    version: str
    headers: dict[str, list[str]]
    body: str
    error: str

    def header(self, name: str) -> str:
        return ", ".join(self.headers.get(name, []))


class Visitor:
    """Somebody on the sandbox's network, who asks its name server and believes the authorities in a file."""

    def __init__(self) -> None:
        client = docker.from_env()
        client.images.build(fileobj=io.BytesIO(DOCKERFILE.encode()), tag=IMAGE, rm=True)
        containers.ensure(client, SPECIFICATION)
        self.container = client.containers.get(SPECIFICATION.container)

    def remove(self) -> None:
        self.container.remove(force=True)

    def believe(self, authorities: str) -> None:
        """From now on, certificates that one of these (PEM) has issued are good, and no other."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            data = authorities.encode()
            member = tarfile.TarInfo("authorities.pem")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        self.container.put_archive("/", packed.getvalue())

    def ask(self, url: str, *options: str) -> Answer:
        command = ["curl", "--silent", "--max-time", "60", "--cacert", "/authorities.pem"]
        written = "%{stderr}\n%{http_code}\t%{http_version}\t%{errormsg}\n%{header_json}"
        _code, (body, told) = self.container.exec_run([*command, "--write-out", written, *options, url], demux=True)
        _before, _, text = (told or b"").decode().partition("\n")
        first, _, headers = text.partition("\n")
        status, version, error = first.split("\t")
        found: dict[str, Any] = json.loads(headers or "{}")
        return Answer(int(status), version, found, (body or b"").decode(errors="replace"), error)


def certificate(server: Server, domain: str) -> x509.Certificate | None:
    """The certificate that is served for a domain; None when the handshake fails."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        plain = socket.create_connection((names.LOOPBACK, server.what.https_port), timeout=10)
        with plain, context.wrap_socket(plain, server_hostname=domain) as secure:
            return x509.load_der_x509_certificate(secure.getpeercert(True) or b"")
    except OSError:
        return None


def serial(server: Server, domain: str) -> int:
    """The serial number of the certificate that is served, 0 when none is."""
    found = certificate(server, domain)
    return found.serial_number if found else 0


def fingerprint(pem: str) -> str:
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex(":").upper()
