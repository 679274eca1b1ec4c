"""End-to-end tests of certificates, on one server of the sandbox.

SLIPWAY_TLS_SERVER names another server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import acme
from tests.releases import images
from tests.sandbox.evidence import add_evidence
from tests.sandbox.playbook import Outcome
from tests.sandbox.project import Project
from tests.sandbox.server import Server, bring_up
from tests.tls import authorities
from tests.tls.visitor import Visitor, serial

SERVER = os.environ.get("SLIPWAY_TLS_SERVER", "vps-11")
DOMAIN = f"beacon.{SERVER}.sandbox"
HERE = Path(__file__).parent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if item.path.parent == HERE:
        add_evidence(report, [SERVER])
    return report


@pytest.fixture(scope="session")
def server() -> Server:
    """The server, bare."""
    bring_up([SERVER])
    return Server(SERVER, secure=True).bare()


@pytest.fixture(scope="session")
def visitor() -> Iterator[Visitor]:
    """Somebody who believes acme.sandbox."""
    made = Visitor()
    made.believe(acme.ROOTS.read_text(encoding="ascii"))
    yield made
    made.remove()
    authorities.stop()


@pytest.fixture(scope="session")
def site(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Beacon on the server, with certificates from acme.sandbox, and one more name that sends on to the first."""
    images.build("beacon", "v1")
    project = Project(tmp_path_factory.mktemp("tls"), app=[SERVER], secure=True)
    project.hosts["all"]["children"]["builder"]["hosts"] = {SERVER: None}
    project.write_hosts()
    # How often the proxy looks for certificates to renew counts from its start on.
    project.settings(proxy_global_options="renew_interval 2s\n", proxy_certificate_seconds=10)
    web = {"web": {"deploy": {"replicas": 1}, "stop_grace_period": "5s"}}
    return project.add("beacon", tag="v1", domains=[DOMAIN], redirects=[f"www.{DOMAIN}"], processes=web)


@pytest.fixture(scope="session")
def deployed(site: Project, server: Server, visitor: Visitor) -> Outcome:
    """The first deploy, onto the bare server."""
    return site.deploy().succeeded()


@pytest.fixture(scope="session")
def first(deployed: Outcome, server: Server) -> int:
    """The serial number of the certificate that the first deploy got."""
    return serial(server, DOMAIN)
