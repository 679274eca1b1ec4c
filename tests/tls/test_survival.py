"""A certificate outlives the restarts of Docker and of the server: nothing is asked for again."""

from __future__ import annotations

from tests.sandbox.server import Server
from tests.tls.conftest import DOMAIN
from tests.tls.steps import wait_until
from tests.tls.visitor import Visitor, serial


def is_well(server: Server, visitor: Visitor, expected: int) -> bool:
    return serial(server, DOMAIN) == expected and visitor.ask(f"https://{DOMAIN}/").status == 200


def test_another_start_of_docker(first: int, server: Server, visitor: Visitor) -> None:
    server.run("systemctl restart docker")
    wait_until(lambda: is_well(server, visitor, first), "the site after a restart of Docker")


def test_a_reboot(first: int, server: Server, visitor: Visitor) -> None:
    server.reboot()
    wait_until(lambda: is_well(server, visitor, first), "the site after a reboot")
