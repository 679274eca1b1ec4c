"""What the doctor makes of what a host has said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.vps.plugins.module_utils.vitals import FileSystem, PortHolder, Vitals
from ansible_collections.slipway.vps.plugins.plugin_utils import access_checks, host_checks
from ansible_collections.slipway.vps.plugins.plugin_utils.doctor_table import doctor_lines
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, WARN, Limits

MIB, GIB = 1024, 1024 * 1024
LIMITS = Limits(disk=2 * 1024**3, memory=400 * 1024**2, inodes=5, skew=30)
OWN = ["192.0.2.1", "2001:db8::1"]
FLEET = [*OWN, "192.0.2.2"]


@pytest.mark.parametrize(("free", "state"), [(1 * GIB, FAIL), (3 * GIB, WARN), (30 * GIB, OK)])
def test_disk(free: int, state: str) -> None:
    vitals = Vitals(disks=[FileSystem("/", 50 * GIB, 40 * GIB), FileSystem("/var", 50 * GIB, free)])
    assert host_checks.disk(vitals, LIMITS).state == state


@pytest.mark.parametrize(("free", "state"), [(4, FAIL), (50, OK)])
def test_inodes(free: int, state: str) -> None:
    assert host_checks.inodes(Vitals(inodes=[FileSystem("/", 100, free)]), LIMITS).state == state


@pytest.mark.parametrize(
    ("skew", "state", "words"),
    [(0, OK, "as this"), (-12, WARN, "12 s behind"), (31, FAIL, "31 s ahead of"), (-9000, FAIL, "9000 s behind")],
)
def test_clock(skew: int, state: str, words: str) -> None:
    finding = host_checks.clock(Vitals(clock=1_000_000 + skew), 1_000_000, LIMITS)
    assert finding.state == state and words in finding.found


def test_memory() -> None:
    small = Vitals(memory={"MemTotal": 256 * MIB, "SwapTotal": 0})
    assert host_checks.memory(small, LIMITS, 0).state == FAIL
    middle = Vitals(memory={"MemTotal": 1000 * MIB, "SwapTotal": 1000 * MIB})
    assert host_checks.memory(middle, LIMITS, 1900 * 1024**2).state == OK
    finding = host_checks.memory(middle, LIMITS, 2100 * 1024**2)
    assert finding.state == WARN and "2.1 GB together" in finding.found


def test_ports() -> None:
    vitals = Vitals(
        ports=[
            PortHolder("80/tcp", "", "nginx", "7", "nginx.service"),
            PortHolder("443/tcp", "slipway-proxy", "docker-proxy", "8"),
            PortHolder("443/udp", "other-web-1"),
        ]
    )
    found = host_checks.ports(vitals, ["80/tcp", "443/tcp", "443/udp", "8080/tcp"])
    assert [each.state for each in found] == [FAIL, OK, FAIL, OK]
    assert "systemctl disable --now nginx.service" in found[0].advice
    assert "the container other-web-1" in found[2].found and "docker rm --force other-web-1" in found[2].advice


@pytest.mark.parametrize(
    ("addresses", "state"),
    [
        (["192.0.2.1"], OK),
        (["192.0.2.1", "2001:0db8:0::1"], OK),
        (["192.0.2.2"], OK),
        ([], FAIL),
        (["192.0.2.1", "2001:db8::bad"], FAIL),
        (["198.51.100.9"], FAIL),
    ],
    ids=["here", "here in another spelling", "another host of the fleet", "nowhere", "AAAA elsewhere", "elsewhere"],
)
def test_domain(addresses: list[str], state: str) -> None:
    vitals = Vitals(domains={"shop.example.com": addresses})
    assert host_checks.domain("shop.example.com", vitals, OWN, FLEET, strict=True).state == state
    lenient = host_checks.domain("shop.example.com", vitals, OWN, FLEET, strict=False).state
    assert lenient == (OK if state == OK else WARN)


CHANGED = """Failed to connect to the host via ssh: @@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
The fingerprint for the ED25519 key sent by the remote host is
SHA256:uNiVztksCsDhcc0u9e8BrYJXGFxaQqh4Mbyb2N4O0aA.
Host key verification failed."""


def test_connections_that_fail() -> None:
    changed = access_checks.unreachable(CHANGED, "[192.0.2.1]:2222")
    assert "SHA256:uNiVztksCsDhcc0u9e8BrYJXGFxaQqh4Mbyb2N4O0aA" in changed.found
    assert "ssh-keygen -R '[192.0.2.1]:2222'" in changed.advice
    unknown = access_checks.unreachable("No ED25519 host key is known for [192.0.2.1]:2222", "[192.0.2.1]:2222")
    assert "`ssh-keyscan -t ed25519 -p 2222 192.0.2.1`" in unknown.advice
    refused = access_checks.unreachable("ssh: connect to host 192.0.2.1 port 22: Connection refused", "192.0.2.1")
    assert refused.found.endswith("Connection refused") and "sshd runs" in refused.advice


@pytest.mark.parametrize(
    ("vitals", "become", "state", "words"),
    [
        (Vitals(user="root", root="yes"), False, OK, ""),
        (Vitals(user="ann", root="yes"), True, OK, ""),
        (Vitals(user="ann", root="yes"), False, FAIL, "ansible_become: true"),
        (Vitals(user="ann", root="sudo: a password is required"), True, FAIL, "NOPASSWD"),
        (Vitals(user="ann", root="sh: 1: sudo: not found"), True, FAIL, "apt-get install sudo"),
    ],
)
def test_root(vitals: Vitals, become: bool, state: str, words: str) -> None:
    finding = access_checks.root(vitals, become)
    assert finding.state == state and words in finding.advice


def test_a_wrong_sudo_password() -> None:
    finding = access_checks.root(Vitals(), True, "Incorrect sudo password")
    assert finding.state == FAIL and "ansible_become_password" in finding.advice


def test_the_table_says_everything_in_a_terminal_and_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    finding = host_checks.Finding("disk", FAIL, "1.0 GB free", "Have more").as_dict()
    for terminal in (False, True):
        text = "\n".join(doctor_lines({"vps-1": [finding]}, terminal))
        assert all(word in text for word in ("vps-1", "disk", "fail", "1.0 GB free", "→ Have more"))


@pytest.mark.parametrize(("role", "variable"), [("python", "__python_distributions"), ("docker", "__docker_supported")])
def test_the_roles_support_the_same_systems(role: str, variable: str) -> None:
    variables = yaml.safe_load((Path(__file__).parents[3] / "roles" / role / "vars/main.yml").read_text())
    systems = host_checks.SYSTEMS.items()
    assert variables[variable] == [f"{name} {version}" for name, versions in systems for version in versions]
