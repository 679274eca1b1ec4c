"""Servers as a cloud hands them out: systemd, sshd, a root key; a Docker engine can be installed inside."""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
from typing import Any

import docker

from sandbox import catalogue, containers, keys, names, paths, virtual, world
from sandbox.containers import PlantedFile, Specification
from sandbox.errors import SandboxError
from sandbox.names import Server

# A machine boots in software where the processor does not help.
READY_SECONDS = {names.Server.kind: 60, names.Machine.kind: 180}
INIT = "/sbin/init"
# ansible_user of inventory/sandbox.
OPERATOR = "slipway"
# systemd 257 wants cgroup v2 and has to be told that the machine is of the older kind.
LEGACY_CGROUPS = ("systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
# Of these systemd knows cgroup v2 alone (258 and later). On a machine with v1 they get the tree of v2 that stands
# beside it, which has no controllers: everything runs, but nothing is held to a limit.
UNIFIED_ALONE = ("ubuntu-26.04",)
UNIFIED_TREE = {"Type": "bind", "Source": "/sys/fs/cgroup/unified", "Target": "/sys/fs/cgroup"}
# Read-only at its top: systemd would mount there what the machine has left out, which upsets the machine's engine.
CGROUP_TREE = {
    "Type": "bind",
    "Source": "/sys/fs/cgroup",
    "Target": "/sys/fs/cgroup",
    "ReadOnly": True,
    "BindOptions": {"ReadOnlyNonRecursive": True},
}
TEMPORARY = {"/run": "", "/run/lock": "", "/tmp": "exec"}


def resolv_conf() -> None:
    """Write the servers' /etc/resolv.conf, which names the sandbox's name server.

    Docker's own (127.0.0.11) means another thing in the containers of a server's own engine.
    """
    wanted = f"nameserver {names.DNS_ADDRESS}\noptions timeout:2 attempts:3\n"
    if not paths.RESOLV_CONF.exists() or paths.RESOLV_CONF.read_text() != wanted:
        paths.write_private(paths.RESOLV_CONF, wanted, 0o644)


def specification(server: Server, engine: dict[str, Any]) -> Specification:
    """The container of a server, on an engine that reports `engine` (docker info)."""
    if isinstance(server, names.Machine):
        return virtual.specification(server)
    private, public = keys.host_key(server)
    legacy = str(engine.get("CgroupVersion", "1")) == "1"
    unified = server.system in UNIFIED_ALONE
    return Specification(
        name=server.name,
        hostname=server.name,
        image=f"{catalogue.SERVER}:{server.system}",
        kind="server",
        address=server.address,
        aliases=(server.name,),
        command=(INIT, *LEGACY_CGROUPS) if legacy and not unified else (INIT,),
        environment={"container": "docker"},
        ports=server.ports,
        volumes={server.volume: "/var/lib/docker"},
        files={
            "/etc/ssh/ssh_host_ed25519_key": PlantedFile(private, 0o600),
            "/etc/ssh/ssh_host_ed25519_key.pub": PlantedFile(public),
            "/root/.ssh/authorized_keys": PlantedFile(f"{keys.ensure_user_key()}\n".encode(), 0o600),
        },
        host_configuration=host_configuration(legacy, UNIFIED_TREE if unified else CGROUP_TREE),
    )


def host_configuration(legacy: bool, tree: dict[str, Any] = CGROUP_TREE) -> dict[str, Any]:
    """Settings that let systemd and a nested engine run; `legacy`: the machine has cgroup v1, of which it gets `tree`.

    With cgroup v1 the full --privileged fails where the machine itself lacks CAP_SYS_RESOURCE, and a cgroup namespace
    of the server's own breaks nested containers. With cgroup v2 systemd needs a namespace of its own.
    """
    shared = {
        "Binds": [f"{paths.RESOLV_CONF}:/etc/resolv.conf"],
        "Tmpfs": TEMPORARY,
        # A reboot from inside ends the container with a failure code; an engine's own restart leaves it stopped.
        "RestartPolicy": {"Name": "on-failure"},
    }
    if not legacy:
        return {**shared, "Privileged": True, "CgroupnsMode": "private"}
    return {
        **shared,
        "Mounts": [tree],
        "CapAdd": ["ALL"],
        "CapDrop": ["SYS_RESOURCE"],
        "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
        "MaskedPaths": [],
        "ReadonlyPaths": [],
        "CgroupnsMode": "host",
    }


def ensure(client: docker.DockerClient, server: Server, engine: dict[str, Any]) -> bool:
    """Bring a server up, with what is on it; whether it was made anew (bare)."""
    made = containers.ensure(client, specification(server, engine), keep=True)
    wait_ready(server)
    return made


def reset(client: docker.DockerClient, server: Server, engine: dict[str, Any]) -> None:
    """Make a server bare again: same name, address and host key, nothing else of before."""
    world.remove_container(client, server.container)
    world.remove_volume(client, server.volume)
    containers.ensure(client, specification(server, engine))
    wait_ready(server)


def wait_ready(server: Server) -> None:
    """Wait until sshd answers on the server's published port. SandboxError if it does not."""
    seconds = READY_SECONDS[server.kind]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if greeting(server.ssh_port).startswith(b"SSH-"):
            return
        time.sleep(0.1)
    raise SandboxError(
        f"{server.name} did not come up within {seconds} s: `python -m sandbox logs {server.name}` says why"
    )


def greeting(port: int) -> bytes:
    """What answers first on a port of 127.0.0.1; empty if nobody does."""
    try:
        with socket.create_connection((names.LOOPBACK, port), timeout=2) as connection:
            connection.settimeout(2)
            return connection.recv(64)
    except OSError:
        return b""


def shell(server: Server, words: list[str]) -> list[str]:
    """The ssh call for a root shell, or for one command: as root, whom a server lets in until Slipway has set it up."""
    as_root = keys.ssh_command(server)
    if subprocess.run([*as_root, "true"], capture_output=True, check=False).returncode == 0:
        return [*as_root, *words]
    as_operator = keys.ssh_command(server, OPERATOR)
    return (
        [*as_operator, "sudo", "sh", "-c", shlex.quote(" ".join(words))]
        if words
        else [*as_operator, "-t", "sudo", "-i"]
    )


def outdated(client: docker.DockerClient, server: Server, engine: dict[str, Any]) -> bool:
    """Whether a running server was made by an older version of the sandbox."""
    found = containers.inspect(client, server.container)
    wanted = specification(server, engine)
    image = client.api.inspect_image(wanted.image)
    return found is not None and found["Config"]["Labels"].get(containers.SPECIFICATION) != wanted.hash(image["Id"])
