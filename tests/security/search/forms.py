"""The forms in which a value may be written: as it is, in URLs, in JSON, in base64 at any position, in hexadecimal."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

# Shorter forms stand in ordinary text by chance.
LEAST = 8


def forms(value: str) -> set[bytes]:
    """Every form that is long enough to be told from other text."""
    raw = value.encode()
    found = {raw, json.dumps(value)[1:-1].encode(), quote(value, safe="").encode(), quote_plus(value).encode()}
    found |= {quote(value).encode(), raw.hex().encode(), raw.hex().upper().encode()}
    for before in range(3):
        found |= {part.replace(b"+", b"-").replace(b"/", b"_") for part in [_inside_base64(raw, before)]}
        found.add(_inside_base64(raw, before))
    return {form for form in found if len(form) >= LEAST}


def _inside_base64(raw: bytes, before: int) -> bytes:
    """The characters of base64 (RFC 4648) that depend on the value alone, with `before` (mod 3) bytes before it."""
    text = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
    start = (0, 2, 3)[before]
    # Of the last character some bits belong to what follows.
    end = len(text) if (before + len(raw)) % 3 == 0 else len(text) - 1
    return text[start:end]


@dataclass(frozen=True)
class Sought:
    """The values that are looked for, by name; `patterns` maps each form to its name."""

    patterns: Mapping[bytes, str]

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Sought:
        return cls({form: name for name, value in values.items() for form in forms(value)})

    def names_in(self, data: bytes) -> set[str]:
        return {name for form, name in self.patterns.items() if form in data}

    @property
    def lines(self) -> bytes:
        """The forms, one a line, as grep takes them."""
        return b"\n".join(sorted(self.patterns)) + b"\n"
