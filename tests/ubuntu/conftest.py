"""End-to-end tests on Ubuntu: a small fleet of its long-term releases, with the data on a server of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import names
from tests.hardening.outside import Outside
from tests.releases import images
from tests.releases.fleet import Fleet
from tests.sandbox.evidence import add_evidence
from tests.sandbox.server import bring_up_bare

# 24.04 and 22.04; the data lie on the newer one.
SERVERS = ("vps-13", "vps-14")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    add_evidence(report, SERVERS)
    return report


@pytest.fixture(scope="session")
def outside() -> Outside:
    return Outside()


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """The servers, bare, and a guest book that is to keep its entries in MySQL."""
    bring_up_bare(SERVERS)
    images.build("guestbook", "v1")
    made = Fleet(SERVERS, SERVERS[:1])
    made.settings(docker_apt_repository=f"http://{names.PACKAGES}/linux/ubuntu")
    made.add("guestbook", tag="v1", services={"database": {"preset": "mysql"}})
    return made
