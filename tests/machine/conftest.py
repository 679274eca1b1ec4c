"""Tests of what a container cannot show: a kernel of the server's own, cgroup v2, a disk, boots, and the power going.

`make test PARTS="sandbox machine"`; most of an hour where the processor does not support virtual machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.hardening.outside import Outside
from tests.machine.powered import PoweredFleet
from tests.releases import images
from tests.sandbox.evidence import add_evidence
from tests.sandbox.server import bring_up_bare

SERVER = "vm-1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    add_evidence(report, [SERVER])
    return report


@pytest.fixture(scope="session")
def outside() -> Outside:
    return Outside()


def bare_machine(application: str, **changes: Any) -> PoweredFleet:
    """The server, bare, and an inventory with one application for it; `changes` are merged into its file."""
    bring_up_bare([SERVER])
    images.build(application, "v1")
    made = PoweredFleet([SERVER])
    made.add(application, tag="v1", health_timeout="5m", **changes)
    return made
