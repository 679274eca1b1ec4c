"""ACME certificate authorities that validate for real, by the sandbox's name server and the servers' ports."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import requests

from sandbox import authority, catalogue, names, paths
from sandbox.containers import PlantedFile, Specification
from sandbox.errors import SandboxError

# Every root that the authorities have had, the newest last: each start makes a new one, and certificates outlive it.
ROOTS = paths.AUTHORITY / "acme-roots.pem"
KEPT_ROOTS = 20
MANAGEMENT_PORT = 15000
READY_SECONDS = 30
END = "-----END CERTIFICATE-----\n"
# The authority refuses to certify this name, as a public one refuses those on its list.
BLOCKED = "blocked.vps-1.sandbox"


@dataclass(frozen=True)
class AcmeServer:
    """An authority; `port` of 127.0.0.1 is its management interface, certificates last `lifetime` seconds."""

    name: str
    domain: str
    address: str
    port: int
    lifetime: int

    @property
    def directory(self) -> str:
        return f"https://{self.domain}/dir"

    def specification(self) -> Specification:
        """Its own HTTPS has a certificate of the sandbox's authority, as a private authority's may have one."""
        chain, key = authority.certificate(self.domain, self.address)
        configuration = {
            "listenAddress": "0.0.0.0:443",
            "managementListenAddress": f"0.0.0.0:{MANAGEMENT_PORT}",
            "certificate": "/certificates/chain.pem",
            "privateKey": "/certificates/key.pem",
            "httpPort": 80,
            "tlsPort": 443,
            "domainBlocklist": [BLOCKED],
            "retryAfter": {"authz": 1, "order": 1},
            "certificateValidityPeriod": self.lifetime,
        }
        return Specification(
            name=self.name,
            image=catalogue.ACME,
            kind="service",
            address=self.address,
            aliases=(self.domain,),
            command=("-dnsserver", f"{names.DNS_ADDRESS}:53"),
            # No pauses, and no validation that is taken over from an earlier order.
            environment={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"},
            ports={MANAGEMENT_PORT: self.port},
            files={
                "/etc/pebble/config.json": PlantedFile(json.dumps({"pebble": configuration}, indent=2).encode()),
                "/certificates/chain.pem": PlantedFile(chain),
                "/certificates/key.pem": PlantedFile(key, 0o600),
            },
        )

    def root(self) -> str:
        """Its root (PEM), as soon as it answers. Raises SandboxError."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            root = _root(self.port)
            if root:
                return root
            time.sleep(0.1)
        raise SandboxError(f"{self.domain} did not come up: `python -m sandbox logs {self.name}` says why")

    def remember_root(self) -> None:
        """Waits until the authority answers, and adds its root to ROOTS. Raises SandboxError."""
        _add(self.root())


STANDARD = AcmeServer("acme", names.ACME, names.ACME_ADDRESS, names.ACME_PORT, lifetime=90 * 24 * 3600)
# Not part of `up`: tests of renewals start it.
SHORT_LIVED = AcmeServer("acme-short", "acme-short.sandbox", "172.30.0.10", names.ACME_PORT + 1, lifetime=120)


def _root(port: int) -> str:
    with requests.Session() as session:
        # A proxy of the user's has no business with 127.0.0.1.
        session.trust_env = False
        try:
            answer = session.get(
                f"https://{names.LOOPBACK}:{port}/roots/0", verify=str(authority.CERTIFICATE), timeout=5
            )
        except requests.RequestException:
            return ""
    return answer.text.strip() + "\n" if answer.ok else ""


def _add(root: str) -> None:
    known = ROOTS.read_text(encoding="ascii") if ROOTS.exists() else ""
    certificates = [f"{part}{END}" for part in known.split(END) if part.strip()]
    if root in certificates:
        return
    paths.write_private(ROOTS, "".join([*certificates, root][-KEPT_ROOTS:]), 0o644)
