"""What the files of a proxy's sites tell of themselves in their first lines, and what the sites need in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .addresses import is_address

# The first line of a site's file, as the role's template writes it.
HEADER = "# slipway "


def header_of(text: str) -> dict[str, Any]:
    """What the first line of a site says of its application, domains and TLS; empty when it is not Slipway's."""
    first = text.partition("\n")[0]
    try:
        return json.loads(first.removeprefix(HEADER)) if first.startswith(HEADER) else {}
    except ValueError:
        return {}


def read_header(path: Path) -> dict[str, Any]:
    """`header_of` of a file."""
    with path.open(encoding="utf-8") as lines:
        return header_of(lines.readline())


def addresses(header: Mapping[str, Any]) -> list[str]:
    """A site's domains that are addresses and have a certificate."""
    return [each for each in header.get("domains", []) if header.get("tls", "off") != "off" and is_address(each)]


def default_name(headers: Iterable[Mapping[str, Any]]) -> str:
    """Lines of the Caddyfile's global options: whose certificate a visitor gets who names no server.

    A visitor of an address names none (RFC 6066, section 3), and the one that Caddy sees is the container's own.
    """
    found = sorted(each for header in headers for each in addresses(header))
    # A file without a line would be worth a warning to Caddy.
    return f"default_sni {found[0]}\n" if found else "# No site has an address.\n"
