"""playbooks/doctor.yml on a bare server without Python, in good and in bad states, each of them real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sandbox import names
from tests.sandbox.playbook import Outcome
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.security.conftest import DOMAIN, SERVER

MakeProject = Callable[..., Project]
CHECKS = ("ssh", "sudo", "system", "clock", "disk", "inodes", "memory", "reboot", "outgoing DNS", "outgoing HTTP")


@pytest.fixture(scope="module")
def bare(server: Server) -> Server:
    return server.bare()


def state(outcome: Outcome, check: str) -> str:
    """What the table says of a check: ok, warn, fail, or '' where it has no such row."""
    rows = [line.split(maxsplit=1) for line in outcome.lines]
    return next((row[0] for row in rows if len(row) == 2 and row[1].startswith(f"{check} ")), "")


def advice(outcome: Outcome, check: str) -> str:
    lines = outcome.lines
    number = next(number for number, line in enumerate(lines) if f" {check} " in f"{line} ")
    return lines[number + 1].removeprefix("→ ")


@contextmanager
def unit(server: Server, name: str, command: str) -> Iterator[None]:
    """A systemd unit of somebody else on the server."""
    server.ssh(f"systemctl stop {name}")
    server.run(f"systemd-run --collect --unit={name} {command}")
    try:
        yield
    finally:
        server.run(f"systemctl stop {name}")


@contextmanager
def mounted(server: Server, options: str) -> Iterator[None]:
    """A small file system where Docker's data will lie."""
    server.run(f"mount -t tmpfs -o {options} tmpfs /var/lib/docker")
    try:
        yield
    finally:
        server.run("umount /var/lib/docker")


def test_a_bare_server_is_ready(bare: Server, make_project: MakeProject) -> None:
    before = bare.files()
    outcome = make_project().playbook("doctor").succeeded()
    outcome.says("All is well.")
    for check in (*CHECKS, "registry", "ACME", f"DNS {DOMAIN}", "port 80/tcp", "port 443/tcp", "port 443/udp"):
        assert state(outcome, check) == "ok", f"{check}\n{outcome}"
    assert bare.files() == before
    assert bare.ssh("command -v python3").returncode != 0


LISTENER = "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(LocalPort => 80, Listen => 1)->accept'"


def test_port_80_is_taken(bare: Server, make_project: MakeProject) -> None:
    project = make_project()
    with unit(bare, "other-web", LISTENER):
        outcome = project.playbook("doctor").failed("1 to be put right")
        assert state(outcome, "port 80/tcp") == "fail" and state(outcome, "port 443/tcp") == "ok"
        outcome.says("taken by perl", "other-web.service", "systemctl disable --now other-web.service")
        project.deploy().failed(f"{SERVER}: port 80/tcp: taken by perl", "systemctl disable --now")
    assert bare.is_bare


def test_a_disk_that_is_nearly_full(bare: Server, make_project: MakeProject) -> None:
    project = make_project()
    with mounted(bare, "size=100m"):
        outcome = project.playbook("doctor").failed()
        assert state(outcome, "disk") == "fail"
        outcome.says("100 MB free of 100 MB on /var/lib/docker", "journalctl --vacuum-size")
        project.deploy().failed(f"{SERVER}: disk: 100 MB free")
    assert bare.is_bare
    assert state(project.playbook("doctor", "-e", "doctor_disk_free=1m").succeeded(), "disk") == "ok"


def test_a_file_system_without_inodes(bare: Server, make_project: MakeProject) -> None:
    with mounted(bare, "size=4g,nr_inodes=40"):
        bare.run("for n in $(seq 38); do : >/var/lib/docker/$n; done")
        outcome = make_project().playbook("doctor").failed("free on /var/lib/docker", "du --inodes")
        assert state(outcome, "inodes") == "fail"


def test_a_wrong_password_of_the_registry(bare: Server, make_project: MakeProject) -> None:
    outcome = make_project().playbook("doctor", "-e", "registry_password=not-the-password").failed()
    assert state(outcome, "registry") == "fail"
    outcome.says("registry.sandbox refuses user slipway", "registry_password").says_not("not-the-password")


def test_a_registry_that_is_not_there(bare: Server, make_project: MakeProject) -> None:
    project = make_project()
    assert state(project.playbook("doctor", "-e", "registry_server=nowhere.sandbox").failed(), "registry") == "fail"
    project.playbook("doctor", "-e", "registry_server=registry.sandbox:444").failed("Connection refused")
    # A certificate of an authority that nobody knows.
    outcome = project.playbook("doctor", "-e", '{"docker_registry_certificates": {}}')
    outcome.failed("certificate is not trusted", "docker_registry_certificates")


def test_dns_points_elsewhere(bare: Server, make_project: MakeProject) -> None:
    away = "microblog.vps-2.sandbox"
    project = make_project(domains=[DOMAIN, away, "nowhere.invalid-name.sandbox"])
    outcome = project.playbook("doctor", "-e", "proxy_tls=off").succeeded()
    assert state(outcome, f"DNS {away}") == "warn", "without certificates it is no reason not to deploy"
    address = names.server("vps-2").address
    outcome = project.playbook("doctor").failed(f"points elsewhere: A {address}", "dns_check: false")
    assert [state(outcome, f"DNS {name}") for name in (DOMAIN, away)] == ["ok", "fail"]
    assert "no A and no AAAA record" in outcome.line_with("DNS nowhere.invalid-name.sandbox")
    # A deploy says it before a certificate is asked for.
    project.deploy().failed(f"{SERVER}: DNS {away}: points elsewhere", "no A and no AAAA record")
    assert bare.is_bare
    project.change("microblog", dns_check=False)
    assert state(project.playbook("doctor"), f"DNS {away}") == ""


def test_an_address_that_leads_here_all_the_same(bare: Server, make_project: MakeProject) -> None:
    project = make_project(domains=["microblog.vps-2.sandbox"])
    there = names.server("vps-2").address
    addresses = f"{there},{names.ipv6(there)}"
    outcome = project.playbook("doctor", "-e", f"doctor_addresses={addresses}").succeeded()
    assert state(outcome, "DNS microblog.vps-2.sandbox") == "ok"


def test_another_host_key_and_a_host_that_is_away(bare: Server, make_project: MakeProject) -> None:
    project = make_project()
    project.hosts["all"]["children"]["data"]["hosts"] = {"away": None}
    project.host(SERVER)
    project.hosts["all"]["hosts"]["away"] = {"ansible_port": 1}
    project.write_hosts()
    # Opens a connection that is kept: it must not hide what comes.
    outcome = project.playbook("doctor").failed(code=2)
    assert state(outcome, "port 80/tcp") == "ok", "the host that answers is shown all the same"
    assert state(outcome, "ssh") in ("ok", "fail") and "Connection refused" in outcome.output
    known = project.inventory / "known_hosts"
    right = known.read_text()
    lines = {line.split()[0].split(",")[0]: line for line in right.splitlines()}
    here, other = (f"[127.0.0.1]:{names.server(name).ssh_port}" for name in (SERVER, "vps-1"))
    key = lines[other].split(maxsplit=1)[1]
    known.write_text(right.replace(lines[here], f"{lines[here].split()[0]} {key}"))
    outcome = project.playbook("doctor").failed("another host key than the one in known_hosts: SHA256:")
    outcome.says(f"ssh-keygen -R '{here}'", "provider's console")
    known.write_text(right.replace(lines[here] + "\n", ""))
    project.playbook("doctor").failed("its host key is not in known_hosts", "ssh-keyscan")


def test_a_user_without_sudo(bare: Server, make_project: MakeProject) -> None:
    bare.run("useradd --create-home --shell /bin/bash visitor")
    bare.run("cp -r /root/.ssh /home/visitor && chown -R visitor: /home/visitor")
    project = make_project()
    project.settings(ansible_user="visitor", ansible_become=True)
    try:
        outcome = project.playbook("doctor").failed("apt-get install sudo")
        assert [state(outcome, check) for check in ("ssh", "sudo", "system")] == ["ok", "fail", "ok"]
        bare.run("apt-get update -qq && apt-get install -qq -y --no-install-recommends sudo >/dev/null 2>&1")
        project.playbook("doctor").failed("user visitor: a password is required", "NOPASSWD")
        bare.run("echo 'visitor ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/visitor")
        assert state(project.playbook("doctor").succeeded(), "sudo") == "ok"
        project.settings(ansible_become=False)
        project.playbook("doctor").failed("Set `ansible_become: true`")
        project.deploy().failed(f"{SERVER}: Ansible does not work as root there")
    finally:
        bare.run("userdel --remove visitor 2>/dev/null; rm -f /etc/sudoers.d/visitor")


def test_a_certificate_authority_that_is_none(bare: Server, make_project: MakeProject) -> None:
    project = make_project()
    outcome = project.playbook("doctor", "-e", "proxy_acme_directory=https://registry.sandbox/v2/").failed()
    assert state(outcome, "ACME") == "fail" and "not with an ACME directory" in outcome.output
    outcome = project.playbook("doctor", "-e", "proxy_acme_directory=https://nowhere.sandbox/dir").failed()
    outcome.says("nowhere.sandbox: the name has no address")


def test_a_user_whom_the_first_deploy_makes(bare: Server, make_project: MakeProject) -> None:
    project = make_project()
    project.settings(ansible_user="operator", ansible_become=True)
    outcome = project.playbook("doctor").succeeded().says("root; the first deploy makes the user operator")
    assert state(outcome, "registry") == "ok"


def test_a_reboot_is_pending(bare: Server, make_project: MakeProject) -> None:
    bare.run("touch /run/reboot-required && echo linux-image >/run/reboot-required.pkgs")
    try:
        outcome = make_project().playbook("doctor").succeeded().says("1 to have a look at")
        assert state(outcome, "reboot") == "warn" and "pending for linux-image" in outcome.output
    finally:
        bare.run("rm -f /run/reboot-required /run/reboot-required.pkgs")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("doctor_disk_free", "much", "a size such as 2g"),
        ("doctor_clock_skew", "soon", "a duration such as 30s"),
        ("doctor_inodes_free", "few", "a percentage such as 5"),
        ("doctor_addresses", "here", "a list of IP addresses"),
    ],
)
def test_bad_input(make_project: MakeProject, variable: str, value: str, expected: str) -> None:
    outcome = make_project().playbook("doctor", "-e", f"{variable}={value}").failed("no host was contacted")
    outcome.says(f"{variable}: found {value!r}; expected {expected}")
