"""What several unit tests need."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def ipv6() -> None:
    """Skips a test where this machine, as many containers, has no IPv6 at all."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
