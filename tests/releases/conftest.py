"""End-to-end tests of releases, on three servers of the sandbox for the application and one for its data.

SLIPWAY_TEST_SERVERS names other servers (four, with commas).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.releases import images
from tests.releases.fleet import Fleet
from tests.sandbox.evidence import add_evidence
from tests.sandbox.server import bring_up_bare

SERVERS = os.environ.get("SLIPWAY_TEST_SERVERS", "vps-4,vps-5,vps-6,vps-7").split(",")
MARKERS = {
    "one_host": "works on the first of the servers",
    "fleet": "works on all of the servers",
    "long": "left out unless asked for: python -m pytest tests/releases -m 'long or not long'",
}


def pytest_configure(config: pytest.Config) -> None:
    for name, text in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`make test` takes the short form; `make bench` has matrices and figures of its own."""
    if not config.getoption("-m"):
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    add_evidence(report, SERVERS if item.get_closest_marker("fleet") else SERVERS[:1])
    return report


@pytest.fixture(scope="session")
def servers() -> list[str]:
    """The servers, bare: what an earlier run has left there would be in the way."""
    bring_up_bare(SERVERS)
    return SERVERS


@pytest.fixture(scope="session")
def pushed() -> None:
    """The test applications' images, in the registry."""
    for application in ("beacon", "courier"):
        images.build(application, "v1")


@pytest.fixture
def one(servers: list[str], pushed: None) -> Fleet:
    """One host, without an application yet."""
    return Fleet(servers[:1])


@pytest.fixture
def beacon(one: Fleet) -> Fleet:
    """One host with a healthy release of beacon on it."""
    one.add("beacon", tag="v1", health_timeout="5s", environment={"VERSION": "good"})
    # Tests of failing releases leave a data service behind.
    one.deploy(*one.fast, "-e", "remove=queue").succeeded()
    return one


@pytest.fixture
def three(servers: list[str], pushed: None) -> Fleet:
    """Three hosts, and one for their data, without an application yet."""
    return Fleet(servers[:3], servers[3:4])
