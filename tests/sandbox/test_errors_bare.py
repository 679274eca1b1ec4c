"""Errors on the way from a bare server to the first release, each tried for real on Debian 12."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox import keys, names
from tests.sandbox import beacon, visitor
from tests.sandbox.playbook import UNREACHABLE
from tests.sandbox.project import Project
from tests.sandbox.server import Server

pytestmark = [pytest.mark.errors, pytest.mark.servers("vps-3")]

OPERATOR = "admin"
FAKE_SYSTEM = 'ID=fedora\nVERSION_ID=41\nPRETTY_NAME="Fedora Linux 41"\n'
FAKE_MACHINE = '#!/bin/sh\n[ "$*" = -m ] && { echo armv7l; exit; }\nexec /usr/bin/uname "$@"\n'
COUNT_LOGINS = "journalctl --unit=ssh | grep -c Accepted || true"
# Perl is on every Debian; it answers on port 80 as any web server would.
OTHER_SERVER = """
use IO::Socket::INET;
my $socket = IO::Socket::INET->new(LocalPort => 80, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $socket->accept) { print $client "HTTP/1.0 200 OK\\r\\n\\r\\nother"; close $client }
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return beacon.add_to(Project(tmp_path_factory.mktemp("errors-bare"), app=["vps-3"]))


@pytest.fixture(autouse=True)
def usual_settings(site: Project) -> None:
    """A test that was interrupted leaves no setting to the next one."""
    (site.inventory / "group_vars/all/test.yml").unlink(missing_ok=True)


@pytest.fixture
def bare(vps_3: Server) -> Server:
    return vps_3.bare()


@pytest.fixture
def without_application(vps_3: Server) -> Server:
    """A server that is bare, or on which a deploy has stopped before the proxy."""
    return vps_3 if not vps_3.containers() and not vps_3.has("/var/lib/slipway/*/live") else vps_3.reset()


@contextmanager
def changed(project: Project, **settings: object) -> Iterator[None]:
    """Settings of the inventory for a while."""
    path = project.inventory / "group_vars/all/test.yml"
    project.settings(**settings)
    try:
        yield
    finally:
        path.unlink()


def expect_untouched(server: Server, files: list[str]) -> None:
    assert set(server.files()) ^ set(files) == set()


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("/etc/os-release", FAKE_SYSTEM, ("fedora 41", "debian 12 and 13", "ubuntu")),
        ("/usr/local/bin/uname", FAKE_MACHINE, ("armv7l", "x86_64", "aarch64")),
    ],
    ids=["distribution", "architecture"],
)
def test_unsupported(path: str, text: str, words: tuple[str, ...], site: Project, bare: Server) -> None:
    bare.run(f"[ ! -e {path} ] || mv {path} {path}.kept")
    bare.write(path, text, "0755")
    files = bare.files()
    try:
        site.deploy().failed().one_line_with("vps-3", "supported", *words)
        expect_untouched(bare, files)
    finally:
        bare.run(f"rm {path}; [ ! -e {path}.kept ] || mv {path}.kept {path}")
    site.deploy("--check").succeeded()


def test_host_key_that_has_changed(site: Project, bare: Server, tmp_path: Path) -> None:
    known_hosts = site.inventory / "known_hosts"
    before = known_hosts.read_text()
    algorithm, key = keys.ensure_pair(tmp_path / "key", "someone-else").split()[:2]
    known_hosts.write_text(f"[{names.LOOPBACK}]:{bare.what.ssh_port} {algorithm} {key}\n")
    logins = int(bare.run(COUNT_LOGINS))
    # A kept connection would not look at the key again.
    bare.forget_connections()
    try:
        outcome = site.deploy().failed(code=UNREACHABLE)
        outcome.line_with("vps-3", "cannot be reached", "Host key verification failed")
        outcome.line_with("known_hosts", "find out why")
    finally:
        known_hosts.write_text(before)
    assert int(bare.run(COUNT_LOGINS)) == logins
    site.deploy("--check").succeeded()


def test_server_that_is_away(site: Project, bare: Server) -> None:
    site.host("vps-3", ansible_port=9)
    try:
        site.deploy().failed(code=UNREACHABLE).line_with("vps-3", "cannot be reached", "Connection refused")
    finally:
        site.host("vps-3", ansible_port=bare.what.ssh_port)


def test_apt_key_with_another_fingerprint(site: Project, bare: Server) -> None:
    with changed(site, docker_apt_key_fingerprint="0123456789ABCDEF0123456789ABCDEF01234567"):
        line = site.deploy().failed().one_line_with("vps-3", "another fingerprint", "expected 0123456789ABCDEF")
        assert "found" in line
    assert not bare.has("/etc/apt/sources.list.d/docker.sources")
    assert not bare.has("/etc/apt/keyrings/docker.asc")
    assert not bare.has("/usr/bin/docker") and not bare.has("/var/lib/slipway/server/stamp")


@pytest.fixture(scope="class")
def operated(site: Project, vps_3: Server) -> Iterator[Server]:
    """A server that one reaches as somebody who is not root, as some clouds hand it out."""
    vps_3.bare().run(
        "apt-get update -qq && apt-get install -qq --no-install-recommends sudo >/dev/null 2>&1"
        f" && useradd --create-home --shell /bin/bash --groups sudo {OPERATOR}"
        f" && install -d -m 700 -o {OPERATOR} /home/{OPERATOR}/.ssh"
        f" && install -m 600 -o {OPERATOR} /root/.ssh/authorized_keys /home/{OPERATOR}/.ssh/",
    )
    vps_3.run("chpasswd", f"{OPERATOR}:{secrets.token_urlsafe(9)}\n")
    site.host("vps-3", ansible_user=OPERATOR, ansible_become=True)
    yield vps_3
    for name in ("ansible_user", "ansible_become"):
        del site.hosts["all"]["hosts"]["vps-3"][name]
    site.write_hosts()
    # It lets nobody in but that user from now on.
    vps_3.reset()


class TestSudo:
    def test_wants_a_password(self, site: Project, operated: Server) -> None:
        outcome = site.deploy().failed()
        outcome.line_with("sudo wants a password", "--ask-become-pass", "NOPASSWD")
        assert operated.is_bare

    def test_wants_none(self, site: Project, operated: Server) -> None:
        operated.write(f"/etc/sudoers.d/{OPERATOR}", f"{OPERATOR} ALL=(ALL) NOPASSWD: ALL\n", "0440")
        site.deploy().succeeded().line_with("Release 1 is live")
        assert visitor.serves(operated, beacon.DOMAIN)
        site.deploy().succeeded().line_with("vps-3", "nothing to do")
        site.playbook("verify").succeeded().says("checks passed")


def test_registry_refuses_the_password(site: Project, without_application: Server) -> None:
    with changed(site, registry_password="not-the-right-one"):
        outcome = site.deploy().failed().says_not("password-stdin")
        outcome.line_with("vps-3", "registry.sandbox", "slipway", "wrong user name or password", "registry_password")
    assert not without_application.has("/root/.docker/config.json")
    assert not without_application.has("/var/lib/slipway/server/stamp")
    assert without_application.containers() == []


def test_registry_is_away(site: Project, without_application: Server) -> None:
    with without_application.cut_off(names.REGISTRY_ADDRESS):
        site.deploy().failed().one_line_with("vps-3", "registry.sandbox", "cannot be reached")
    assert not without_application.has("/var/lib/slipway/server/stamp")
    assert without_application.containers() == []


@pytest.fixture
def other_server(without_application: Server) -> Iterator[Server]:
    """Another program answers on port 80."""
    without_application.write("/root/other.pl", OTHER_SERVER)
    without_application.run("systemd-run --unit=other-web perl /root/other.pl")
    yield without_application
    without_application.ssh("systemctl stop other-web")


def test_port_80_is_taken_by_another_program(site: Project, other_server: Server) -> None:
    outcome = site.deploy().failed()
    outcome.line_with("port 80/tcp", "taken by perl", "other-web.service", "proxy_http_port")
    assert other_server.containers() == []
    assert visitor.page(other_server, beacon.DOMAIN).text == "other"
    other_server.run("systemctl stop other-web")
    site.deploy().succeeded().line_with("Release 1 is live")
    assert visitor.serves(other_server, beacon.DOMAIN)


def test_image_that_is_not_there_at_the_first_release(site: Project, vps_3: Server) -> None:
    """Of another application: the one that is live serves on, for the tests that come after these."""
    site.add("ghost", "beacon", image="{{ registry_server }}/acme/never-built", build=None, domains=["ghost.localhost"])
    try:
        outcome = site.deploy("-e", "app=ghost").failed()
        outcome.says("the registry does not have", "registry.sandbox/acme/never-built:latest", "playbooks/build.yml")
        assert vps_3.live("ghost") == 0
        vps_3.expect_nothing_half_done("ghost")
        site.change("ghost", image=beacon.IMAGE)
        site.deploy("-e", "app=ghost").succeeded().says("is live")
        assert visitor.serves(vps_3, "ghost.localhost")
    finally:
        site.remove("ghost")
