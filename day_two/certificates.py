"""Commands about certificates: which ones the proxy serves, and the root of its internal authority."""

from __future__ import annotations

import datetime
import json
import shlex
import sys
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from day_two.containers import STATE
from day_two.inventory import Server
from day_two.output import table, write
from day_two.problem import DayTwoError
from day_two.server_shell import on_all

ROOT = "/data/caddy/pki/authorities/local/root.crt"
PROXY = "slipway-proxy"
# Runs on the server: what is served is asked of the proxy itself, on its own network.
_ASK = """
import json, socket, ssl, subprocess, sys
with open(sys.argv[1], encoding="utf-8") as site:
    site = json.loads(site.readline().partition("# slipway ")[2])
form = "{{(index .NetworkSettings.Networks \\"slipway-proxy\\").IPAddress}}"
inspect = ["docker", "inspect", "-f", form, "slipway-proxy"]
address = subprocess.run(inspect, capture_output=True, text=True).stdout.strip()
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
found = {}
for domain in site["domains"] if site.get("tls", "off") != "off" else []:
    try:
        with socket.create_connection((address, 443), 5) as plain:
            with context.wrap_socket(plain, server_hostname=domain.replace("*", "slipway")) as secure:
                found[domain] = secure.getpeercert(True).hex()
    except OSError as error:
        found[domain] = ""
print(json.dumps({"tls": site.get("tls", "off"), "certificates": found}))
"""


@dataclass(frozen=True)
class Served:
    """A certificate that is served for a domain; None where there is none."""

    domain: str
    certificate: x509.Certificate | None

    def row(self, now: datetime.datetime) -> tuple[str, ...]:
        """Domain, issuer, end, days left, SHA-256, as `fab certificates` shows them."""
        if self.certificate is None:
            return (self.domain, "none yet", "", "", "")
        ends = self.certificate.not_valid_after_utc
        days = f"{(ends - now).total_seconds() / 86400:.0f}" if ends > now else "expired"
        digest = self.certificate.fingerprint(hashes.SHA256()).hex()
        return (self.domain, _issuer(self.certificate), f"{ends:%Y-%m-%d %H:%M}", days, digest[:16])


def _issuer(certificate: x509.Certificate) -> str:
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        found = certificate.issuer.get_attributes_for_oid(kind)
        if found:
            return str(found[0].value)
    return certificate.issuer.rfc4514_string()


def served(answer: dict[str, Any]) -> list[Served]:
    """What a server has told."""
    return [
        Served(domain, x509.load_der_x509_certificate(bytes.fromhex(text)) if text else None)
        for domain, text in answer["certificates"].items()
    ]


def certificates(servers: list[Server], application: str) -> None:
    site = f"{STATE}/proxy/sites/{application}.caddy"
    script = f"test -f {shlex.quote(site)} || exit 0; python3 -c {shlex.quote(_ASK)} {shlex.quote(site)}"
    rows = []
    now = datetime.datetime.now(datetime.UTC)
    for name, output in on_all(servers, lambda shell: shell.run(script)):
        if output.strip():
            rows += [(name if len(servers) > 1 else "", *each.row(now)) for each in served(json.loads(output))]
    if not rows:
        raise DayTwoError(f"{application} has no certificate: it is not deployed, or `tls` is off")
    table(("HOST", "DOMAIN", "ISSUER", "UNTIL (UTC)", "DAYS LEFT", "SHA-256"), rows)


def authority(servers: list[Server]) -> None:
    """Prints the root of each internal authority (PEM); its fingerprint goes to standard error."""
    script = f"docker exec {PROXY} cat {ROOT} 2>/dev/null || true"
    roots = [(name, text) for name, text in on_all(servers, lambda shell: shell.run(script)) if "BEGIN" in text]
    if not roots:
        raise DayTwoError("no proxy has an internal authority: it is made with the first site that has `tls: internal`")
    for name, text in roots:
        digest = x509.load_pem_x509_certificate(text.encode()).fingerprint(hashes.SHA256()).hex(":").upper()
        print(f"{name}: SHA-256 {digest}", file=sys.stderr)
        write(text.strip())
