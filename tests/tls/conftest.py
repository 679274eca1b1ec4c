"""End-to-end tests of certificates, on one server of the sandbox.

SLIPWAY_TLS_SERVER names another server.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from sandbox import acme, names
from tests.releases import images
from tests.sandbox.evidence import evidence
from tests.sandbox.playbook import ROOT
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.tls.visitor import Visitor

SERVER = os.environ.get("SLIPWAY_TLS_SERVER", "vps-11")
DOMAIN = f"beacon.{SERVER}.sandbox"
HERE = Path(__file__).parent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed and call.when == "call" and item.path.parent == HERE:
        report.sections.append((f"evidence of {SERVER}", evidence(SERVER)))
    return report


@pytest.fixture(scope="session")
def server() -> Server:
    """The server, bare."""
    if names.server(SERVER).container not in {each.name for each in docker.from_env().containers.list()}:
        subprocess.run([sys.executable, "-m", "sandbox", "up", SERVER], cwd=ROOT, check=True)
    return Server(SERVER, secure=True).bare()


@pytest.fixture(scope="session")
def visitor() -> Iterator[Visitor]:
    """Somebody who believes acme.sandbox."""
    made = Visitor()
    made.believe(acme.ROOTS.read_text(encoding="ascii"))
    yield made
    made.remove()


@pytest.fixture(scope="session")
def site(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Beacon on the server, with certificates from acme.sandbox, and one more name that sends on to the first."""
    images.build("beacon", "v1")
    project = Project(tmp_path_factory.mktemp("tls"), app=[SERVER], secure=True)
    project.hosts["all"]["children"]["builder"]["hosts"] = {SERVER: None}
    project.write_hosts()
    web = {"web": {"deploy": {"replicas": 1}, "stop_grace_period": "5s"}}
    return project.add("beacon", tag="v1", domains=[DOMAIN], redirects=[f"www.{DOMAIN}"], processes=web)
