"""What the outside sees of a server: playbooks/probe.yml from here, the scan from elsewhere, nmap as a witness."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from docker.models.containers import Container

from sandbox import names
from tests.audits import machine
from tests.audits.auditors import Figures, docker_points, nmap, ssh_audit
from tests.audits.docker_points import NOT_MET, WHY
from tests.sandbox.playbook import ROOT
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.security.conftest import DOMAIN

MakeProject = Callable[..., Project]
STRAY, BY_HAND = 8081, 8082
# Ports up to here are enough to compare two witnesses; playbooks/probe.yml itself looks at all of them.
LAST = 10000
# One socket for all that connect, and no `$`, which systemd-run would take for a variable of its own.
LISTENER = (
    "perl -MIO::Socket::INET -e"
    f" 'use constant SOCKET => IO::Socket::INET->new(LocalPort => {STRAY}, Listen => 5); SOCKET->accept while 1'"
)


@pytest.fixture(scope="module")
def outside() -> Iterator[Container]:
    with machine.auditor() as made:
        machine.put(made, ROOT / "plugins", "/checkout")
        yield made


@contextmanager
def stray(server: Server) -> Iterator[None]:
    """A program on the server that listens for everybody, and that the inventory does not know."""
    # One that a run which was cut off has left would be in the way.
    server.ssh("systemctl stop stray")
    server.run(f"systemd-run --collect --unit=stray {LISTENER}")
    try:
        yield
    finally:
        server.run("systemctl stop stray")


@contextmanager
def published(server: Server) -> Iterator[None]:
    """A container that somebody has started by hand, with a port of its own."""
    image = server.run("docker inspect --format '{{.Config.Image}}' slipway-proxy")
    server.run(f"docker run --detach --name by-hand --publish {BY_HAND}:2020 {image}")
    try:
        yield
    finally:
        server.run("docker rm --force by-hand")


def seen_from(outside: Container, server: Server) -> dict[str, list[int]]:
    """TCP ports by address, as plain Python sees them from the machine beside."""
    addresses = [server.what.address, names.ipv6(server.what.address)]
    code, output = outside.exec_run(
        ["python3", "-m", "plugins.module_utils.outside_look", f"--last-port={LAST}", *addresses], workdir="/checkout"
    )
    assert code == 0, output.decode()
    return {address: scan["tcp"] for address, scan in json.loads(output)["scans"].items()}


def tcp_of(found: dict[str, list[str]]) -> dict[str, list[int]]:
    return {
        address: [int(port.partition("/")[0]) for port in ports if port.endswith("/tcp")]
        for address, ports in found.items()
    }


def test_probe_sees_what_the_inventory_says_and_nothing_more(deployed: Server, make_project: MakeProject) -> None:
    outcome = make_project().playbook("probe").succeeded()
    addresses = (deployed.what.address, names.ipv6(deployed.what.address))
    for address in addresses:
        assert "22, 80, 443 answer" in outcome.line_with(f"TCP {address}"), outcome
        assert "443 answer" in outcome.line_with(f"UDP {address}"), "HTTP/3"
        for check in ("TLS", "certificate", "HTTP"):
            assert outcome.line_with(f"{check} {DOMAIN} at {address}").startswith("ok"), outcome
    assert outcome.line_with("sshd").startswith("ok"), outcome


def test_what_is_started_by_hand_stays_closed(deployed: Server, outside: Container) -> None:
    """A program and a container of somebody's own, for two witnesses: plain Python on another machine, and nmap."""
    with stray(deployed), published(deployed):
        assert str(STRAY) in deployed.run("ss -ltn") and str(BY_HAND) in deployed.run("docker port by-hand")
        here, witness = seen_from(outside, deployed), tcp_of(nmap(outside, deployed.what.address, last=LAST))
    assert here == witness
    assert set(map(tuple, here.values())) == {(22, 80, 443)}


def test_auditors_find_nothing_that_is_not_explained(deployed: Server, outside: Container) -> None:
    """ssh-audit and the points of the CIS Docker Benchmark; lynis, which takes a minute, is run by tests.audits."""
    figures = Figures()
    ssh_audit(outside, deployed.what.address, figures)
    docker_points(deployed, figures)
    assert (figures.ssh_fail, figures.ssh_warn) == ([], [])
    unexplained = {number: figures.docker_found[number] for number in figures.docker[NOT_MET] if number not in WHY}
    assert unexplained == {}


def test_a_bare_server_with_a_stray_listener(server: Server, outside: Container, make_project: MakeProject) -> None:
    """Nothing keeps it from the outside there: the probe says so, and what should be there and is not."""
    server.reset()
    project = make_project()
    with stray(server):
        outcome = project.playbook("probe").failed(f"the inventory does not have {STRAY}", "ss -ltunp")
        assert seen_from(outside, server) == tcp_of(nmap(outside, server.what.address, last=LAST))
    assert outcome.line_with(f"TCP {server.what.address}").startswith("fail")
    outcome = project.playbook("probe").failed("80, 443 should answer, and does not")
    assert outcome.line_with("sshd").startswith("fail"), "a bare server's sshd offers weak algorithms"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("exposure_addresses", "here", "a list of IP addresses"),
        ("exposure_concurrency", "many", "numbers"),
        ("exposure_authority", "/no/such/file", "a PEM file on this machine"),
    ],
)
def test_bad_input(make_project: MakeProject, variable: str, value: str, expected: str) -> None:
    outcome = make_project().playbook("probe", "-e", f"{variable}={value}").failed("no host was contacted")
    outcome.says(expected)
