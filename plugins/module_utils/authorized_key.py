"""A line of authorized_keys (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"): a public key, perhaps with options before it."""

from __future__ import annotations

import struct
from typing import Any

from .public_key import TYPES, is_private, parse_public_key

# NIST SP 800-131A: shorter ones are no longer acceptable.
RSA_BITS = 2048


def rsa_bits(data: bytes) -> int:
    """Length of an RSA key's modulus, out of its binary form (RFC 4253, 6.6); 0 for a key of another type."""
    parts = []
    while len(data) >= 4:
        (length,) = struct.unpack(">I", data[:4])
        parts.append(data[4 : 4 + length])
        data = data[4 + length :]
    return int.from_bytes(parts[2], "big").bit_length() if len(parts) == 3 and parts[0] == b"ssh-rsa" else 0


def key_problem(value: Any) -> str | None:
    """What was expected instead, None for a public key. It never repeats the value: that may be a private key."""
    if not isinstance(value, str):
        return "a public key, as ~/.ssh/id_ed25519.pub has it"
    if is_private(value):
        return "a public key (~/.ssh/id_ed25519.pub): this is a private one, which belongs on no server"
    words = value.split()
    place = next((place for place, word in enumerate(words) if word in TYPES), -1)
    if "\n" in value.strip() or place < 0:
        return "a public key in one line, as ~/.ssh/id_ed25519.pub has it"
    try:
        bits = rsa_bits(parse_public_key(" ".join(words[place:])).data)
    except ValueError as error:
        return f"a public key: this is {error}"
    return f"an RSA key of at least {RSA_BITS} bits, better an Ed25519 one" if 0 < bits < RSA_BITS else None
