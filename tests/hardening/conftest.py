"""End-to-end tests of a hardened server: who gets in, what is open, and that nobody is locked out.

The first server is a Debian 13, the second a Debian 12. SLIPWAY_HARDENING_SERVERS names other ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hardening.outside import Outside
from tests.releases import images
from tests.releases.fleet import Fleet
from tests.sandbox.evidence import add_evidence
from tests.sandbox.server import bring_up_bare

HERE = Path(__file__).parent
SERVERS = os.environ.get("SLIPWAY_HARDENING_SERVERS", "vps-9,vps-10").split(",")
# A server's life on Debian 13; the shorter one on Debian 12; both together.
ORDER = ("test_debian_13", "test_lockout", "test_debian_12", "test_data_server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    own = [item for item in items if item.path.parent == HERE]
    own.sort(key=lambda item: ORDER.index(item.path.stem))
    items[:] = own + [item for item in items if item.path.parent != HERE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if item.path.parent == HERE:
        add_evidence(report, SERVERS)
    return report


@pytest.fixture(scope="session")
def bare() -> list[str]:
    """The two servers, bare, and the image of what is deployed to them."""
    bring_up_bare(SERVERS)
    for application in ("beacon", "courier"):
        images.build(application, "v1")
    return SERVERS


@pytest.fixture(scope="session")
def trixie(bare: list[str]) -> Fleet:
    """The Debian 13, not deployed to yet."""
    fleet = Fleet(bare[:1])
    fleet.add("beacon", tag="v1")
    return fleet


@pytest.fixture(scope="session")
def bookworm(bare: list[str]) -> Fleet:
    """The Debian 12, not deployed to yet."""
    fleet = Fleet(bare[1:2])
    fleet.add("beacon", tag="v1")
    return fleet


@pytest.fixture(scope="session")
def outside() -> Outside:
    return Outside()
