"""The inventory's known_hosts as Slipway keeps it beside what users wrote there."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.known_hosts import KnownHosts

FIRST, SECOND = "ssh-ed25519 AAAAfirst", "ssh-ed25519 AAAAsecond"
THEIRS = "198.51.100.1 ssh-ed25519 AAAAtheirs"


@pytest.fixture
def hosts(tmp_path: Path) -> KnownHosts:
    (tmp_path / "known_hosts").write_text(f"# by hand\n{THEIRS}\n")
    return KnownHosts(tmp_path / "known_hosts")


def test_a_key_is_there_before_the_address(hosts: KnownHosts) -> None:
    hosts.plant("web-1", FIRST)
    (key,) = hosts.keys("web-1")
    assert key.planted and key.addresses == () and key.key == FIRST
    hosts.locate("web-1", ["203.0.113.1", "2001:db8::1"])
    lines = hosts.path.read_text().splitlines()
    assert lines[:2] == ["# by hand", THEIRS]
    assert lines[2].startswith(f"web-1,203.0.113.1,2001:db8::1 {FIRST} slipway:planted 20")


def test_a_key_is_planted_in_the_place_of_the_one_before(hosts: KnownHosts) -> None:
    hosts.plant("web-1", FIRST)
    hosts.plant("web-1", SECOND)
    assert [key.key for key in hosts.keys("web-1")] == [SECOND]


def test_an_address_belongs_to_one_server_alone(hosts: KnownHosts) -> None:
    for name, key in (("web-1", FIRST), ("web-2", SECOND)):
        hosts.plant(name, key)
        hosts.locate(name, ["203.0.113.1"])
    assert hosts.keys("web-1")[0].addresses == ()
    assert hosts.keys("web-2")[0].addresses == ("203.0.113.1",)


def test_while_a_key_is_replaced_both_are_right(hosts: KnownHosts) -> None:
    hosts.plant("web-1", FIRST)
    hosts.locate("web-1", ["203.0.113.1"])
    hosts.add("web-1", SECOND)
    hosts.add("web-1", SECOND)
    assert [(key.key, key.addresses, key.planted) for key in hosts.keys("web-1")] == [
        (FIRST, ("203.0.113.1",), True),
        (SECOND, ("203.0.113.1",), False),
    ]
    hosts.keep("web-1", SECOND)
    assert [key.key for key in hosts.keys("web-1")] == [SECOND]


def test_a_server_that_is_gone_leaves_it(hosts: KnownHosts) -> None:
    hosts.plant("web-1", FIRST)
    assert hosts.forget("web-1") and not hosts.forget("web-1")
    assert hosts.path.read_text() == f"# by hand\n{THEIRS}\n"


def _replace(path: Path, number: int) -> None:
    hosts = KnownHosts(path)
    for step in range(20):
        hosts.add(f"web-{number}", f"ssh-ed25519 AAAA{step}")
        hosts.keep(f"web-{number}", f"ssh-ed25519 AAAA{step}")


def test_processes_that_change_it_at_the_same_time(hosts: KnownHosts) -> None:
    """As Ansible's workers do, one a host."""
    for number in range(6):
        hosts.plant(f"web-{number}", FIRST)
    with ProcessPoolExecutor(6) as pool:
        list(pool.map(_replace, [hosts.path] * 6, range(6)))
    keys = [key.key for number in range(6) for key in hosts.keys(f"web-{number}")]
    assert keys == ["ssh-ed25519 AAAA19"] * 6
