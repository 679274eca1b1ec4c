"""A user's own certificate and key: what would not work about them, found before any host is contacted."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator

from ansible_collections.slipway.vps.plugins.module_utils.problem import Problem
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

_PUBLIC = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def certificate_problems(file: str, chain: bytes, key: bytes, names: list[str]) -> Iterator[Problem]:
    """What is wrong with a certificate chain and its key (both PEM), for a site with `names`. No content is shown."""
    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError:
        yield Problem(file, "tls.certificate", "no certificate", "PEM: the certificate, then its intermediates")
        return
    leaf = certificates[0]
    yield from _time_problems(file, certificates)
    yield from _name_problems(file, leaf, names)
    yield from _chain_problems(file, certificates)
    yield from _key_problems(file, certificates, key)


def authority_problems(file: str, variable: str, text: bytes) -> Iterator[Problem]:
    """What is wrong with a file of authorities' certificates (PEM)."""
    try:
        x509.load_pem_x509_certificates(text)
    except ValueError:
        yield Problem(file, variable, "no certificate in the file", "PEM: the certificate of the authority")


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate stands for a host name; a wildcard for one label (RFC 9525, section 6.3)."""
    pattern, name = pattern.lower(), name.lower()
    return pattern == name or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])


def _time_problems(file: str, certificates: list[x509.Certificate]) -> Iterator[Problem]:
    now = datetime.datetime.now(datetime.UTC)
    for number, certificate in enumerate(certificates):
        what = "tls.certificate" if number == 0 else f"tls.certificate (intermediate {number})"
        if certificate.not_valid_after_utc <= now:
            ended = certificate.not_valid_after_utc.strftime("%Y-%m-%d")
            yield Problem(file, what, f"one that has expired on {ended}", "one that is valid")
        elif certificate.not_valid_before_utc > now:
            begins = certificate.not_valid_before_utc.strftime("%Y-%m-%d")
            yield Problem(file, what, f"one that is valid from {begins} on", "one that is valid now")


def _name_problems(file: str, leaf: x509.Certificate, names: list[str]) -> Iterator[Problem]:
    covered, addresses = _names(leaf)
    for name in names:
        try:
            there = ipaddress.ip_address(name) in addresses
        except ValueError:
            there = any(covers(pattern, name) for pattern in covered)
        if not there:
            found = ", ".join([*covered, *map(str, addresses)]) or "no name"
            yield Problem(file, "tls.certificate", f"one for {found}", f"one that covers {name}")


def _names(leaf: x509.Certificate) -> tuple[list[str], list[ipaddress.IPv4Address | ipaddress.IPv6Address]]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    addresses = [each for each in found.get_values_for_type(x509.IPAddress) if not hasattr(each, "netmask")]
    return found.get_values_for_type(x509.DNSName), addresses  # type: ignore[return-value]


def _chain_problems(file: str, certificates: list[x509.Certificate]) -> Iterator[Problem]:
    for number in range(len(certificates) - 1):
        try:
            certificates[number].verify_directly_issued_by(certificates[number + 1])
        except (ValueError, TypeError, InvalidSignature):
            found = f"certificate {number + 2} of the chain did not sign number {number + 1}"
            yield Problem(file, "tls.certificate", found, "the certificate, then its intermediates in order")
            return


def _key_problems(file: str, certificates: list[x509.Certificate], key: bytes) -> Iterator[Problem]:
    try:
        private = serialization.load_pem_private_key(key, None)
    except TypeError:
        yield Problem(file, "tls.key", "a key with a passphrase", "one without, in a file that ansible-vault encrypts")
        return
    except (ValueError, UnsupportedAlgorithm):
        yield Problem(file, "tls.key", "no private key", "a private key as PEM")
        return
    public = private.public_key().public_bytes(*_PUBLIC)
    matching = [each.public_key().public_bytes(*_PUBLIC) == public for each in certificates]
    if not any(matching):
        yield Problem(file, "tls.key", "the key of another certificate", "the one that belongs to tls.certificate")
    elif not matching[0]:
        found = f"the key's certificate as number {matching.index(True) + 1}"
        yield Problem(file, "tls.certificate", found, "the certificate first, then its intermediates")
