"""The doctor's script runs for real, in the shells that servers have; its reader takes what comes."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.vitals import (
    PortHolder,
    Vitals,
    asked_name,
    doctor_script,
    read_vitals,
)

from tests.unit.shells import SHELLS


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[-1].rpartition("/")[2])
def shell(request: pytest.FixtureRequest) -> list[str]:
    return request.param


def look(shell: list[str], *ports: str, places: tuple[str, ...] = ()) -> Vitals:
    script = doctor_script(ports, ["localhost"], places, 2)
    done = subprocess.run([*shell, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return read_vitals(done.stdout)


def test_this_machine(shell: list[str]) -> None:
    vitals = look(shell)
    assert abs(vitals.clock - time.time()) < 30
    assert vitals.system[2] == os.uname().machine
    root = next(each for each in vitals.disks if each.mount == "/")
    found = os.statvfs("/")
    assert root.total * 1024 == pytest.approx(found.f_blocks * found.f_frsize, rel=0.02)
    assert vitals.memory["MemTotal"] > vitals.memory["MemAvailable"] > 0
    assert vitals.root == "yes" if os.getuid() == 0 else vitals.root


@pytest.mark.skipif(os.getuid() != 0, reason="only root sees who holds a port")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["ipv4", "ipv6"])
def test_who_holds_a_port(shell: list[str], family: socket.AddressFamily) -> None:
    with socket.socket(family) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket() as free:
        for each in (tcp, udp):
            each.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        tcp.listen()
        free.bind(("127.0.0.1", 0))
        wanted = [f"{tcp.getsockname()[1]}/tcp", f"{udp.getsockname()[1]}/udp"]
        vitals = look(shell, *wanted, f"{free.getsockname()[1]}/tcp")
    assert [each.port for each in vitals.ports] == wanted
    assert {each.process for each in vitals.ports} == {str(os.getpid())}


def test_a_connection_that_is_refused_and_one_that_is_not(shell: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        open_place, closed_place = (f"127.0.0.1:{each.getsockname()[1]}" for each in (server, nobody))
        vitals = look(shell, places=(open_place, closed_place, "nowhere.invalid:443"))
    assert vitals.reached[open_place] == ""
    assert "refused" in vitals.reached[closed_place].lower()
    assert vitals.reached["nowhere.invalid:443"] == "the name has no address"


def test_what_a_host_says_is_read() -> None:
    text = "port\t80/tcp\t\tnginx\t7\tnginx.service\ndisk\t/\t100\t-3\ndisk\t/\t100\t-3\ninodes\t/\t0\t0\n"
    text += "domain\tshop.example.com\t192.0.2.1 ::ffff:192.0.2.1 2001:db8::1\nreboot\t\nend\t1\n"
    vitals = read_vitals(text)
    assert vitals.ports == [PortHolder("80/tcp", "", "nginx", "7", "nginx.service")]
    assert str(vitals.ports[0]) == "nginx (process 7, nginx.service)"
    # root's reserve makes the free space negative; a file system without inodes does not count them.
    assert [(each.mount, each.free) for each in vitals.disks] == [("/", 0)] and vitals.inodes == []
    assert vitals.domains == {"shop.example.com": ["192.0.2.1", "2001:db8::1"]}
    assert vitals.reboot == ""


def test_an_answer_that_is_cut_off() -> None:
    with pytest.raises(ValueError, match="cut off: This account is closed"):
        read_vitals("This account is closed\n")


def test_the_script_takes_no_name_for_a_command(tmp_path: Path) -> None:
    script = doctor_script(["80/tcp"], [f"$(touch {tmp_path}/oops)"], ["`touch oops`:1"], 1)
    subprocess.run(["sh", "-c", script], capture_output=True, cwd=tmp_path, timeout=30, check=True)
    assert not list(tmp_path.iterdir())


def test_a_wildcard_is_asked_for_by_a_name_below_it() -> None:
    assert asked_name("*.example.com") == "slipway-check.example.com"
