"""A change of the authority that certifies a site: the certificate that is served goes on until the new one is there.

Caddy keeps a certificate in memory, and on disk in a folder of its authority's. Another ACME directory is no reason for
it to replace a certificate, nor does it find the old one again when that is to be renewed
(github.com/caddyserver/caddy/issues/6732). So it is led over: by a configuration in which the old certificate is the
name's own, which makes Caddy forget it, and by one in which it asks for another one besides. Where the new authority
gives none, the old certificate is lent to its folder as one that is due to be renewed, and found there at each start.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .files import write_atomically

# Caddy's own, where a configuration names none.
DEFAULT_DIRECTORY = "https://acme-v02.api.letsencrypt.org/directory"
# A certificate that the authority has issued so lately is taken up again, to spare its limits.
YOUNG_SECONDS = 86400.0
# RFC 3339; any time that has passed.
DUE = "2000-01-01T00:00:00Z"
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# In what Caddy writes beside a certificate, and leaves out when it has got one itself.
_LENT = "slipway_lent"


@dataclass(frozen=True)
class Pair:
    """A certificate with its intermediates, and its private key; both PEM."""

    chain: str
    key: str

    @property
    def certificates(self) -> list[str]:
        return [f"{found}\n" for found in _CERTIFICATE.findall(self.chain)]

    @property
    def leaf(self) -> bytes:
        """The certificate itself, as DER."""
        return ssl.PEM_cert_to_DER_cert(self.certificates[0])

    @property
    def longer_chain(self) -> str:
        """With its last certificate twice: Caddy takes chains that are the same for one certificate."""
        return "".join([*self.certificates, self.certificates[-1]])


def read_pair(chain: Path, key: Path) -> Pair | None:
    """None where there is none, or no PEM."""
    try:
        pair = Pair(chain.read_text(encoding="utf-8"), key.read_text(encoding="utf-8"))
        return pair if pair.leaf else None
    except (OSError, ValueError, IndexError):
        return None


@dataclass(frozen=True)
class Storage:
    """Caddy's folder of certificates, by authority and name (certmagic, storage.go)."""

    folder: Path

    def pair(self, authority: str, name: str) -> Pair | None:
        return read_pair(self._file(authority, name, "crt"), self._file(authority, name, "key"))

    def has_issued(self, authority: str, name: str, pair: Pair) -> bool:
        """Whether the authority itself has issued the pair, as opposed to one that was lent to its folder."""
        try:
            told = json.loads(self._file(authority, name, "json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return not told.get(_LENT) and self.pair(authority, name) == pair

    def find(self, name: str, leaf: bytes) -> Pair | None:
        """The pair of a certificate that is served, whoever has issued it."""
        pairs = (self.pair(folder.name, name) for folder in self.folder.glob("*"))
        return next((pair for pair in pairs if pair and pair.leaf == leaf), None)

    def has_young(self, authority: str, name: str) -> bool:
        pair, file = self.pair(authority, name), self._file(authority, name, "crt")
        if not pair or not self.has_issued(authority, name, pair):
            return False
        return time.time() - file.stat().st_mtime < YOUNG_SECONDS

    def make_room(self, authority: str, name: str) -> None:
        """Takes away what would keep Caddy from asking the authority: another certificate, and the lock of a renewal
        that it has been trying in vain, for hours between two tries.
        """
        if not self.has_young(authority, name):
            for ending in ("crt", "key", "json"):
                self._file(authority, name, ending).unlink(missing_ok=True)
        (self.folder.parent / "locks" / f"issue_cert_{safe(name)}.lock").unlink(missing_ok=True)

    def lend(self, authority: str, name: str, pair: Pair) -> None:
        """Lays the pair into the authority's folder, as one that it is time to renew."""
        told = {_LENT: True, "sans": [name], "issuer_data": {"url": "", "renewal_info": {"_selectedTime": DUE}}}
        for ending, text in (("key", pair.key), ("json", json.dumps(told)), ("crt", pair.chain)):
            file = self._file(authority, name, ending)
            for folder in (file.parents[1], file.parent):
                folder.mkdir(mode=0o700, exist_ok=True)
            write_atomically(file, text, 0o600)

    def _file(self, authority: str, name: str, ending: str) -> Path:
        return self.folder / safe(authority) / safe(name) / f"{safe(name)}.{ending}"


def safe(text: str) -> str:
    """A name as Caddy's storage writes it (certmagic, KeyBuilder.Safe)."""
    text = text.lower().strip()
    for before, after in ((" ", "_"), ("+", "_plus_"), ("*", "wildcard_"), (":", "-"), ("..", "")):
        text = text.replace(before, after)
    return re.sub(r"[^\w@.-]", "", text, flags=re.ASCII)


def authority_of(directory: str) -> str:
    """The name of an ACME directory's folder (certmagic, ACMEIssuer.issuerKey)."""
    address = urlsplit(directory)
    path = address.path.replace("/", "-").strip("-")
    return f"{address.netloc}-{path}" if path else address.netloc


def authorities(configuration: Mapping[str, Any], name: str) -> list[str]:
    """The folders of the ACME authorities that may certify a name, by Caddy's configuration (JSON); the first is asked.

    None where something else may certify it as well.
    """
    policies = configuration.get("apps", {}).get("tls", {}).get("automation", {}).get("policies", [])
    subjects = [[str(each).lower() for each in policy.get("subjects", [name])] for policy in policies]
    policy = next((policy for policy, found in zip(policies, subjects) if name.lower() in found), {})
    issuers = policy.get("issuers") or [{"module": "acme"}]
    if any(each.get("module") != "acme" for each in issuers):
        return []
    return [authority_of(each.get("ca") or DEFAULT_DIRECTORY) for each in issuers]


@dataclass(frozen=True)
class Change:
    """A name whose certificate is to come from another authority than `old`, the one that is served, came from."""

    name: str
    authorities: list[str]
    old: Pair

    def is_done(self, storage: Storage) -> bool:
        """Whether the new authority's certificate is there."""
        pairs = ((authority, storage.pair(authority, self.name)) for authority in self.authorities)
        return any(pair and storage.has_issued(authority, self.name, pair) for authority, pair in pairs)

    def make_room(self, storage: Storage) -> None:
        for authority in self.authorities:
            storage.make_room(authority, self.name)

    def lend(self, storage: Storage) -> None:
        storage.lend(self.authorities[0], self.name, self.old)


def find_changes(
    configuration: Mapping[str, Any], storage: Storage, served: Mapping[str, bytes], own: Iterable[Pair] = ()
) -> list[Change]:
    """`served`: the certificate (DER) of each name that an authority is to certify; `own`: pairs that users brought."""
    by_leaf = {pair.leaf: pair for pair in own}
    changes = []
    for name, leaf in served.items():
        old = by_leaf.get(leaf) or storage.find(name, leaf)
        wanted = authorities(configuration, name)
        if old and wanted and not any(storage.has_issued(authority, name, old) for authority in wanted):
            changes.append(Change(name, wanted, old))
    return changes


def interim(configuration: Mapping[str, Any], changes: Iterable[Change], managed: bool) -> dict[str, Any]:
    """The configuration (JSON) with the old certificates as the names' own; `managed`: and with new ones asked for."""
    result = deepcopy(dict(configuration))
    certificates = result.setdefault("apps", {}).setdefault("tls", {}).setdefault("certificates", {})
    for change in changes:
        pair = {"certificate": change.old.longer_chain, "key": change.old.key}
        certificates.setdefault("load_pem", []).append(pair)
        if managed:
            certificates.setdefault("automate", []).append(change.name)
    return result
