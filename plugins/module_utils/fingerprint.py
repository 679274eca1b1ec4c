"""Hashes that tell whether what runs is what the inventory wants."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def fingerprint(value: Any) -> str:
    """16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def secrets_fingerprint(scope: str, secrets: Mapping[str, str]) -> str:
    """The same for secrets, by scrypt (RFC 7914): no password can be guessed from a label that anybody may read."""
    if not secrets:
        return "none"
    text = json.dumps(dict(secrets), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.scrypt(text.encode(), salt=f"slipway:{scope}".encode(), n=2**14, r=8, p=1, dklen=8).hex()
