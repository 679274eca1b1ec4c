"""End-to-end tests of the doctor, of where secrets stand and of what the outside sees, on one server of the sandbox.

SLIPWAY_SECURITY_SERVER names another server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.evidence import add_evidence
from tests.sandbox.project import Project
from tests.sandbox.server import Server, bring_up

SERVER = os.environ.get("SLIPWAY_SECURITY_SERVER", "vps-8")
REPOSITORY = "acme/microblog-secrets"
DOMAIN = f"microblog.{SERVER}.sandbox"
HERE = Path(__file__).parent
# The bare server first.
ORDER = ("test_doctor", "test_secrets", "test_outside")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    own = [item for item in items if item.path.parent == HERE]
    own.sort(key=lambda item: ORDER.index(item.path.stem) if item.path.stem in ORDER else len(ORDER))
    items[:] = own + [item for item in items if item.path.parent != HERE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if item.path.parent == HERE:
        add_evidence(report, [SERVER])
    return report


@pytest.fixture(scope="session")
def server() -> Server:
    bring_up([SERVER])
    return Server(SERVER)


@pytest.fixture(scope="session")
def deployed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server with microblog on it, as an earlier test or a deploy of its own has left it."""
    if not server.live("microblog"):
        project = Project(tmp_path_factory.mktemp("deployed"), app=[SERVER], secure=True)
        project.hosts["all"]["children"]["builder"]["hosts"] = {SERVER: None}
        project.write_hosts()
        project.add("microblog", image=f"registry.sandbox/{REPOSITORY}", domains=[DOMAIN])
        project.build().succeeded()
        project.deploy().succeeded()
    return server


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Project]:
    """Microblog on the server, in an inventory of the test's own; `changes` are those of the application's file."""

    def make(**changes: object) -> Project:
        project = Project(tmp_path, app=[SERVER], secure=True).add("microblog", **{"domains": [DOMAIN], **changes})
        project.hosts["all"]["children"]["builder"]["hosts"] = {SERVER: None}
        project.write_hosts()
        return project

    return make
