"""The sandbox's own certificate authority, and the certificates of its servers."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox import names, paths

CERTIFICATE = paths.AUTHORITY / "ca.pem"
KEY = paths.AUTHORITY / "ca.key"
AUTHORITY_LIFETIME = datetime.timedelta(days=3650)
# Clients refuse server certificates that are valid for more than 825 days.
SERVER_LIFETIME = datetime.timedelta(days=820)
RENEW_BEFORE = datetime.timedelta(days=30)


def ensure() -> Path:
    """Path of the authority's certificate (PEM); the authority is made on the first call."""
    if not (CERTIFICATE.exists() and KEY.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Slipway sandbox authority")])
        certificate = (
            _builder(name, name, key.public_key(), AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        paths.write_private(KEY, _private(key))
        paths.write_private(CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return CERTIFICATE


def certificate(name: str, address: str) -> tuple[bytes, bytes]:
    """Certificate chain and key (PEM) for a server of the sandbox, valid for 127.0.0.1 too."""
    ensure()
    chain_path, key_path = paths.AUTHORITY / f"{name}.pem", paths.AUTHORITY / f"{name}.key"
    if not (chain_path.exists() and key_path.exists()) or _is_ending(chain_path):
        authority = x509.load_pem_x509_certificate(CERTIFICATE.read_bytes())
        signer = serialization.load_pem_private_key(KEY.read_bytes(), None)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        alternatives = [
            x509.DNSName(name),
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address(address)),
            x509.IPAddress(ipaddress.ip_address(names.LOOPBACK)),
        ]
        issued = (
            _builder(subject, authority.subject, key.public_key(), SERVER_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),  # type: ignore[arg-type]
                critical=False,
            )
            .sign(signer, hashes.SHA256())  # type: ignore[arg-type]
        )
        paths.write_private(key_path, _private(key))
        paths.write_private(chain_path, issued.public_bytes(serialization.Encoding.PEM), 0o644)
    return chain_path.read_bytes(), key_path.read_bytes()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lifetime: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _is_ending(path: Path) -> bool:
    found = x509.load_pem_x509_certificate(path.read_bytes())
    return found.not_valid_after_utc - datetime.datetime.now(datetime.UTC) < RENEW_BEFORE
