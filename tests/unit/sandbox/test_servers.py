"""Servers: what the engine decides, and the name server's data."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from sandbox import catalogue, keys, names, paths, registry, servers, services, virtual


def test_cgroup_v1_has_flags_of_its_own() -> None:
    old = servers.specification(names.server("vps-1"), {"CgroupVersion": "1"})
    assert old.command == ("/sbin/init", *servers.LEGACY_CGROUPS)
    assert old.host_configuration["CgroupnsMode"] == "host"
    assert "Privileged" not in old.host_configuration
    assert old.host_configuration["CapDrop"] == ["SYS_RESOURCE"]


def test_cgroup_v2_has_a_namespace() -> None:
    new = servers.specification(names.server("vps-1"), {"CgroupVersion": "2"})
    assert new.command == ("/sbin/init",)
    assert new.host_configuration["Privileged"] is True
    assert new.host_configuration["CgroupnsMode"] == "private"
    assert not any("/sys/fs/cgroup" in bind for bind in new.host_configuration["Binds"])


def test_ubuntu_26_has_cgroup_v2_on_every_machine() -> None:
    old = servers.specification(names.server("vps-15"), {"CgroupVersion": "1"})
    assert old.command == ("/sbin/init",) and old.host_configuration["Mounts"] == [servers.UNIFIED_TREE]
    new = servers.specification(names.server("vps-15"), {"CgroupVersion": "2"})
    assert (
        new.host_configuration
        == servers.specification(names.server("vps-1"), {"CgroupVersion": "2"}).host_configuration
    )


def test_systems_of_the_servers() -> None:
    engine = {"CgroupVersion": "1"}
    images = {server.name: servers.specification(server, engine).image for server in names.all_servers()}
    prefix = "slipway-sandbox/server:"
    assert images.pop("vm-1") == catalogue.MACHINE
    others = {name: image.removeprefix(prefix) for name, image in images.items() if not image.endswith("debian-13")}
    assert others == {
        "vps-3": "debian-12",
        "vps-10": "debian-12",
        "vps-13": "ubuntu-24.04",
        "vps-14": "ubuntu-22.04",
        "vps-15": "ubuntu-26.04",
    }
    assert set(images.values()) <= catalogue.by_reference().keys()


def test_a_machine_gets_what_its_container_has() -> None:
    machine = names.server("vm-1")
    specification = servers.specification(machine, {"CgroupVersion": "1"})
    network = specification.files["/seed/etc/systemd/network/10-lan.network"].content.decode()
    assert f"Address={specification.address}/24" in network and names.ipv6(specification.address) in network
    assert specification.files["/seed/etc/ssh/ssh_host_ed25519_key"].content == keys.host_key(machine)[0]
    assert specification.ports == {22: 2221, 80: 8101, 443: 8463}
    # Its disk outlives its container, as it does a power cut.
    assert specification.volumes == {machine.volume: "/var/lib/machine"}


@pytest.mark.parametrize(
    ("device", "flags", "kind"),
    [(True, "fpu vmx sse", "kvm"), (True, "fpu svm sse", "kvm"), (True, "fpu sse", "tcg"), (False, "fpu vmx", "tcg")],
)
def test_what_the_processor_can_help_with(device: bool, flags: str, kind: str, tmp_path: Path) -> None:
    processor = tmp_path / "cpuinfo"
    processor.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    if device:
        (tmp_path / "kvm").touch()
    assert virtual.accelerator(tmp_path / "kvm", processor) == kind


def test_ports_are_published_on_the_loopback_alone() -> None:
    specification = servers.specification(names.server("vps-2"), {"CgroupVersion": "1"})
    assert specification.ports == {22: 2202, 80: 8082, 443: 8444}


def test_an_engine_that_restarts_does_not_bring_servers_back() -> None:
    assert servers.host_configuration(True)["RestartPolicy"] == {"Name": "on-failure"}


def test_resolv_conf_names_the_name_server() -> None:
    servers.resolv_conf()
    assert paths.RESOLV_CONF.read_text().startswith("nameserver 172.30.0.2\n")


def test_dnsmasq_answers_for_applications_and_asks_docker_for_the_rest() -> None:
    lines = services.dnsmasq_configuration().splitlines()
    assert "server=127.0.0.11" in lines
    assert "address=/microblog.sandbox/172.30.0.11" in lines
    assert "address=/vps-2.sandbox/172.30.0.12" in lines
    assert "address=/vps-2.sandbox/fd5a:51:70::12" in lines


def test_the_registry_password_file_is_kept_until_the_password_changes() -> None:
    first = registry.htpasswd("one")
    assert registry.htpasswd("one") == first
    assert registry.htpasswd("two") != first
    assert first.startswith(b"slipway:$2b$")


def test_a_greeting_is_what_the_port_says_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def greet() -> None:
            connection, _ = listening.accept()
            connection.sendall(b"SSH-2.0-test\r\n")
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        assert servers.greeting(port) == b"SSH-2.0-test\r\n"
        thread.join()
    assert servers.greeting(port) == b""
