"""End-to-end tests of a hardened server: who gets in, what is open, and that nobody is locked out.

The first server is a Debian 13, the second a Debian 12. SLIPWAY_HARDENING_SERVERS names other ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from sandbox import names
from tests.hardening.outside import Outside
from tests.releases import images
from tests.releases.fleet import Fleet
from tests.sandbox.evidence import evidence
from tests.sandbox.playbook import ROOT

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
    if report.failed and call.when == "call" and item.path.parent == HERE:
        report.sections += [(f"evidence of {name}", evidence(name)) for name in SERVERS]
    return report


@pytest.fixture(scope="session")
def bare() -> list[str]:
    """The two servers, bare, and the image of what is deployed to them."""
    running = {container.name for container in docker.from_env().containers.list()}
    there = [name for name in SERVERS if names.server(name).container in running]
    missing = [name for name in SERVERS if name not in there]
    for command in ("reset", there), ("up", missing):
        if command[1]:
            subprocess.run([sys.executable, "-m", "sandbox", command[0], *command[1]], cwd=ROOT, check=True)
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
