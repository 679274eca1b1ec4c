"""The same on Debian 12, shorter: its OpenSSH is older, and it has Python from the start."""

from __future__ import annotations

import pytest

from sandbox.servers import OPERATOR
from tests.hardening.hardened import PUBLISHED, expect_hardened
from tests.hardening.outside import Outside, login
from tests.releases.fleet import Fleet
from tests.sandbox.playbook import Outcome


@pytest.fixture(scope="module")
def deployed(bookworm: Fleet) -> Outcome:
    outcome = bookworm.deploy(*bookworm.fast).succeeded()
    assert "12 (bookworm)" in bookworm.first.inside("cat /etc/os-release")
    bookworm.first.inside(PUBLISHED)
    return outcome


def test_it_is_hardened(deployed: Outcome, bookworm: Fleet, outside: Outside) -> None:
    expect_hardened(bookworm.first, outside)
    bookworm.deploy().succeeded().line_with(bookworm.first.name, "nothing to do")


def test_every_client_that_slipway_has_finds_a_key_exchange(deployed: Outcome, bookworm: Fleet) -> None:
    """paramiko, by which fab connects, knows none of this OpenSSH's post-quantum ones."""
    for exchange in ("sntrup761x25519-sha512@openssh.com", "curve25519-sha256"):
        assert login(bookworm.first, OPERATOR, "true", f"KexAlgorithms={exchange}").returncode == 0
    assert login(bookworm.first, OPERATOR, "true", "KexAlgorithms=ecdh-sha2-nistp256").returncode != 0


def test_it_is_hardened_after_a_reboot(deployed: Outcome, bookworm: Fleet, outside: Outside) -> None:
    bookworm.first.reboot()
    expect_hardened(bookworm.first, outside)
    bookworm.deploy().succeeded().line_with(bookworm.first.name, "nothing to do")
