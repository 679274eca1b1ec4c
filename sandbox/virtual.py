"""Servers with a kernel, a disk and a boot of their own: QEMU in a container that lends its place in the network."""

from __future__ import annotations

from pathlib import Path

from sandbox import catalogue, keys, names
from sandbox.containers import PlantedFile, Specification
from sandbox.names import Machine

# With so little a server gets a swap file.
MEMORY = "2000M"
SEED = "/seed"
CPU_FLAGS = ("vmx", "svm")
NETWORK_FILE = "/etc/systemd/network/10-lan.network"


def accelerator(device: Path = Path("/dev/kvm"), processor: Path = Path("/proc/cpuinfo")) -> str:
    """What QEMU is to run on: the processor's own support where there is one, else software (several times slower).

    A device alone does not do: a machine that is virtual itself may have one that runs kernels made for it alone.
    """
    flags = processor.read_text(encoding="utf-8").split() if device.exists() and processor.exists() else []
    return "kvm" if any(flag in flags for flag in CPU_FLAGS) else "tcg"


def specification(machine: Machine) -> Specification:
    """The container that a virtual machine runs in. A stop of it is as if the power went; its disk stays."""
    private, public = keys.host_key(machine)
    kind = accelerator()
    devices = ["/dev/net/tun", *(["/dev/kvm"] if kind == "kvm" else [])]
    return Specification(
        name=machine.name,
        hostname=machine.name,
        image=catalogue.MACHINE,
        kind="machine",
        address=machine.address,
        aliases=(machine.name,),
        environment={"ACCELERATOR": kind, "MEMORY": MEMORY},
        ports=machine.ports,
        volumes={machine.volume: "/var/lib/machine"},
        files={
            f"{SEED}/etc/hostname": PlantedFile(f"{machine.name}\n".encode()),
            f"{SEED}/etc/resolv.conf": PlantedFile(f"nameserver {names.DNS_ADDRESS}\n".encode()),
            f"{SEED}{NETWORK_FILE}": PlantedFile(network_file(machine).encode()),
            f"{SEED}/etc/ssh/ssh_host_ed25519_key": PlantedFile(private, 0o600),
            f"{SEED}/etc/ssh/ssh_host_ed25519_key.pub": PlantedFile(public),
            f"{SEED}/root/.ssh/authorized_keys": PlantedFile(f"{keys.ensure_user_key()}\n".encode(), 0o600),
        },
        host_configuration={
            "CapAdd": ["NET_ADMIN"],
            "Devices": [{"PathOnHost": path, "PathInContainer": path, "CgroupPermissions": "rwm"} for path in devices],
            "RestartPolicy": {"Name": "on-failure"},
        },
    )


def network_file(machine: Machine) -> str:
    """systemd.network(5) of the machine: the addresses that its container has been given."""
    return (
        "[Match]\nName=en*\n\n[Network]\n"
        f"Address={machine.address}/24\nGateway={names.GATEWAY}\n"
        f"Address={names.ipv6(machine.address)}/64\nGateway={names.GATEWAY_6}\nIPv6AcceptRA=no\n"
    )
