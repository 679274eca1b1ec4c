"""End-to-end tests on Ubuntu: a small fleet of its long-term releases, with the data on one of the servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import docker
import pytest

from sandbox import names, world
from tests.hardening.outside import Outside
from tests.releases import images
from tests.releases.fleet import Fleet
from tests.sandbox.evidence import add_evidence
from tests.sandbox.server import bring_up_bare

# 24.04 and 22.04; the data lie on the newer one. 26.04 is by itself.
SERVERS = ("vps-13", "vps-14")
NEWEST = "vps-15"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    add_evidence(report, (NEWEST,) if "newest" in getattr(item, "fixturenames", ()) else SERVERS)
    return report


@pytest.fixture(scope="session")
def outside() -> Outside:
    return Outside()


def guest_book(app: Sequence[str], data: Sequence[str] = ()) -> Fleet:
    """An inventory with a guest book that is to keep its entries in MySQL."""
    images.build("guestbook", "v1")
    made = Fleet(app, data)
    made.settings(docker_apt_repository=f"http://{names.PACKAGES}/linux/ubuntu")
    return made.add("guestbook", tag="v1", services={"database": {"preset": "mysql"}})  # type: ignore[return-value]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """The servers, bare; given up afterwards, as a machine has room for so many only."""
    bring_up_bare(SERVERS)
    yield guest_book(SERVERS, SERVERS[:1])
    give_up(SERVERS)


@pytest.fixture(scope="module")
def newest() -> Iterator[Fleet]:
    """One server with the newest of the releases, bare; given up afterwards."""
    bring_up_bare([NEWEST])
    yield guest_book([NEWEST])
    give_up([NEWEST])


def give_up(servers: Sequence[str]) -> None:
    client = docker.from_env()
    for server in map(names.server, servers):
        world.remove_container(client, server.container)
        world.remove_volume(client, server.volume)
