"""SSH public keys as users paste them: what they are, and their fingerprints."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

# OpenSSH's names (sshd(8), AUTHORIZED_KEYS FILE FORMAT) without the ones that it no longer takes.
TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


@dataclass(frozen=True)
class PublicKey:
    """A public key; `data` is its binary form (RFC 4253, 6.6)."""

    kind: str
    data: bytes
    comment: str

    @property
    def line(self) -> str:
        return f"{self.kind} {base64.b64encode(self.data).decode()} {self.comment}".strip()

    @property
    def md5(self) -> str:
        """The fingerprint in the old form, by which DigitalOcean knows a key: 16 bytes with colons."""
        digest = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        return ":".join(digest[place : place + 2] for place in range(0, 32, 2))

    @property
    def sha256(self) -> str:
        """The fingerprint as ssh-keygen prints it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.data).digest()).decode().rstrip("=")

    @property
    def name(self) -> str:
        """The name under which the key is registered: the same for the same key."""
        return f"slipway-{hashlib.sha256(self.data).hexdigest()[:16]}"


def is_private(text: str) -> bool:
    return "PRIVATE KEY" in text


def parse_public_key(text: str) -> PublicKey:
    """Raises ValueError, with a reason that holds nothing of the text, when it is no public key."""
    if is_private(text):
        raise ValueError("a private key")
    words = text.split(None, 2)
    if len(words) < 2 or words[0] not in TYPES:
        raise ValueError("no public key of a kind that OpenSSH takes")
    try:
        data = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a public key that was cut off or changed") from None
    fields = _fields(data)
    if len(fields) < 2 or fields[0] != words[0].encode():
        raise ValueError("a public key that was cut off or changed")
    return PublicKey(words[0], data, words[2].strip() if len(words) > 2 else "")


def _fields(data: bytes) -> list[bytes]:
    """The length-prefixed strings of a key's binary form (RFC 4251, 5); none when it does not end with one of them."""
    fields, place = [], 0
    while place < len(data):
        end = place + 4 + int.from_bytes(data[place : place + 4], "big")
        if end > len(data) or place + 4 > len(data):
            return []
        fields.append(data[place + 4 : end])
        place = end
    return fields
