"""IP addresses in the place of names."""

from __future__ import annotations

import ipaddress


def is_address(domain: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address, the latter also in brackets."""
    try:
        ipaddress.ip_address(domain.strip("[]"))
    except ValueError:
        return False
    return True
