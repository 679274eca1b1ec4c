"""Beacon, the smallest application with a web process, with which errors are tried."""

from __future__ import annotations

from tests.sandbox import visitor
from tests.sandbox.project import Project
from tests.sandbox.server import Server

DOMAIN = "beacon.localhost"
IMAGE = "{{ registry_server }}/acme/beacon-of-errors"


def version(server: Server) -> str:
    """The version that a visitor sees, '' when there is no answer of beacon's."""
    if not visitor.serves(server, DOMAIN, "/"):
        return ""
    return visitor.page(server, DOMAIN, "/").json()["version"]


def add_to(project: Project, **changes: object) -> Project:
    """Adds beacon to an inventory and has its image built; what was built before is found again."""
    project.add("beacon", image=IMAGE, processes={"web": {"deploy": {"replicas": 1}}}, **changes)
    project.build().succeeded()
    return project


def expect_old_release(server: Server, release: int, shown: str) -> None:
    """After a failed deploy the release that was live still is, it serves, and nothing is left of the new one."""
    assert server.live("beacon") == release
    assert version(server) == shown
    server.expect_nothing_half_done("beacon")
