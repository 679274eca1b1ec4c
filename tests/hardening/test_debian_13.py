"""From bare to hardened on Debian 13: what a stranger sees, who gets in, and that it stays so."""

from __future__ import annotations

import pytest

from sandbox.servers import OPERATOR
from tests.hardening.hardened import BY_HAND, PUBLISHED, expect_hardened, expect_listed_ports_alone
from tests.hardening.outside import Outside, login, operator_gets_in, root_gets_in
from tests.releases.fleet import Fleet
from tests.sandbox.playbook import Outcome


@pytest.fixture(scope="module")
def deployed(trixie: Fleet) -> Outcome:
    host = trixie.first
    assert root_gets_in(host), "a bare server is handed out with root's key"
    trixie.deploy("-e", '{"firewall_rules": [{"port": 70000}], "baseline_upgrades_reboot": "noon"}').failed(
        "firewall_rules[0].port: found 70000", "baseline_upgrades_reboot: found 'noon'"
    )
    assert host.is_bare
    outcome = trixie.deploy(*trixie.fast).succeeded()
    host.inside(PUBLISHED)
    return outcome


def test_what_a_container_cannot_have_is_said(deployed: Outcome) -> None:
    deployed.line_with("left out", "time synchronisation", "a container")
    deployed.line_with("left out", "kernel settings", "a container")


def test_a_stranger_sees_the_listed_ports_and_the_operator_alone_gets_in(
    deployed: Outcome, trixie: Fleet, outside: Outside
) -> None:
    expect_hardened(trixie.first, outside)


def test_a_second_run_changes_nothing(deployed: Outcome, trixie: Fleet) -> None:
    trixie.deploy().succeeded().line_with(trixie.first.name, "nothing to do")


def test_every_playbook_works_as_the_operator(deployed: Outcome, trixie: Fleet) -> None:
    trixie.start("verify").wait().succeeded().says("checks passed")
    trixie.start("status").wait().succeeded()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("KexAlgorithms=curve25519-sha256", "no matching key exchange method"),
        ("KexAlgorithms=diffie-hellman-group14-sha256", "no matching key exchange method"),
        ("Ciphers=chacha20-poly1305@openssh.com", "no matching cipher"),
        ("MACs=hmac-sha1", "no matching MAC"),
        ("HostKeyAlgorithms=ecdsa-sha2-nistp256", "no matching host key type"),
    ],
)
def test_weak_algorithms_are_refused(deployed: Outcome, trixie: Fleet, option: str, said: str) -> None:
    # An authenticated cipher has no MAC of its own to be refused.
    result = login(trixie.first, OPERATOR, "true", option, *(["Ciphers=aes128-ctr"] if "MAC" in said else []))
    assert said in result.stderr and result.returncode != 0, result.stderr


def test_a_tunnel_works_in_the_one_direction_that_is_needed(deployed: Outcome, trixie: Fleet) -> None:
    host = trixie.first
    backwards = login(host, OPERATOR, "true", "ExitOnForwardFailure=yes", "RemoteForward=8765 127.0.0.1:22")
    assert backwards.returncode != 0 and "remote port forwarding failed" in backwards.stderr
    forwards = login(host, OPERATOR, "true", "ExitOnForwardFailure=yes", "LocalForward=127.0.0.1:0 127.0.0.1:80")
    assert "administratively prohibited" not in forwards.stderr


def test_a_port_opens_when_it_is_listed_and_closes_again(deployed: Outcome, trixie: Fleet, outside: Outside) -> None:
    host, packages = trixie.first, "172.30.0.5"
    for listed, expected in (
        ([{"port": BY_HAND}], {"IPv4": [BY_HAND], "IPv6": [BY_HAND]}),
        ([{"port": BY_HAND, "from": packages}], {"IPv4": [BY_HAND], "IPv6": []}),
        ([{"port": BY_HAND, "from": ["192.0.2.0/24"]}], {"IPv4": [], "IPv6": []}),
        ([], {"IPv4": [], "IPv6": []}),
    ):
        trixie.settings(firewall_rules=listed)
        trixie.deploy(*trixie.fast).succeeded()
        assert outside.open_ports(host, [BY_HAND]) == expected, listed


def test_docker_s_restart_opens_nothing(deployed: Outcome, trixie: Fleet, outside: Outside) -> None:
    trixie.first.inside("systemctl restart docker")
    expect_listed_ports_alone(trixie.first, outside)


def test_ssh_has_a_limit_for_each_address(deployed: Outcome, trixie: Fleet, outside: Outside) -> None:
    trixie.settings(firewall_ssh_rate=12)
    trixie.deploy(*trixie.fast).succeeded()
    taken = outside.connections(trixie.first, 22, 16)
    assert all(taken[:12]) and not all(taken)
    assert login(trixie.first, OPERATOR).returncode == 0, "somebody else is let in as before"
    trixie.settings(firewall_ssh_rate=1200)
    trixie.deploy(*trixie.fast).succeeded()


def test_all_of_it_is_there_after_a_reboot(deployed: Outcome, trixie: Fleet, outside: Outside) -> None:
    trixie.first.reboot()
    expect_hardened(trixie.first, outside)
    trixie.deploy().succeeded().line_with(trixie.first.name, "nothing to do")


def test_a_strict_server_lets_the_operator_alone_in_and_says_what_has_changed(deployed: Outcome, trixie: Fleet) -> None:
    host = trixie.first
    host.inside("useradd --create-home anna && cp -r /home/slipway/.ssh /home/anna/ && chown -R anna: /home/anna/.ssh")
    assert login(host, "anna").returncode == 0
    trixie.settings(baseline_strict=True)
    trixie.deploy(*trixie.fast).succeeded()
    assert operator_gets_in(host) and login(host, "anna").returncode != 0
    trixie.deploy().succeeded().line_with(host.name, "nothing to do")
    trixie.start("verify").wait().succeeded()
    look = "systemctl start slipway-file-watch"
    host.inside(f"{look} && install /bin/true /usr/local/sbin/planted && {look}")
    assert "/usr/local/sbin/planted" in host.inside("journalctl --unit slipway-file-watch --output cat")
