"""The servers themselves: containers beside the sandbox's other servers, started from seeds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Protocol

import docker

from sandbox import catalogue, containers, names, servers, world
from sandbox.cloud.seed import ADDRESSES_FILE, DISKS_FILE, Disk, Seed, address_file, disk_file
from sandbox.containers import Specification

STOP_SECONDS, BOOT_SECONDS = 20, 30
UNIT = "cloud-addresses.service"
CARD = "eth0"
DISKS_PROGRAM = "/usr/local/sbin/cloud-disks"
# Loop devices (major 7) and what gives them out: volumes are made of them.
LOOP_DEVICES = ["b 7:* rwm", "c 10:237 rwm"]


class Machines(Protocol):
    """What makes servers and takes them away; `number` says which."""

    def start(self, number: int, debian: str, seed: Seed, addresses: Sequence[str]) -> None:
        """Make a server of a Debian release (`12`, `13`) and start it."""

    def remove(self, number: int) -> None:
        """Remove a server with its disk; one that is not there is as good."""

    def stop(self, number: int, at_once: bool) -> None:
        """Switch a server off; `at_once` pulls the plug."""

    def resume(self, number: int) -> None:
        """Switch a server on, also after an engine that was killed; one that runs is left alone."""

    def set_addresses(self, number: int, addresses: Sequence[str]) -> None:
        """Give a server's network card these further addresses, and no others, now and after a reboot."""

    def set_disks(self, number: int, disks: Sequence[Disk]) -> None:
        """Give a server these volumes, and no others, now and after a reboot."""


class DockerMachines:
    """Servers as containers of the machine's Docker engine."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self.legacy = str(client.info().get("CgroupVersion", "1")) == "1"

    def start(self, number: int, debian: str, seed: Seed, addresses: Sequence[str]) -> None:
        wanted = specification(number, debian, seed, addresses, self.legacy)
        self.remove(number)
        containers.ensure(self.client, wanted)

    def remove(self, number: int) -> None:
        server = names.CloudServer(number)
        self._let_go(number)
        world.remove_container(self.client, server.container)
        world.remove_volume(self.client, server.volume)

    def stop(self, number: int, at_once: bool) -> None:
        if at_once:
            self._let_go(number)
        self.client.api.stop(names.CloudServer(number).container, timeout=0 if at_once else STOP_SECONDS)

    def resume(self, number: int) -> None:
        server = names.CloudServer(number)
        found = containers.inspect(self.client, server.container)
        place = Specification(server.name, catalogue.CLOUD_SERVER_13, "server", server.address)
        if found is None or not containers.bring_back(self.client, place, found):
            raise RuntimeError(f"{server.name} is gone, or cannot be started any more")

    def set_addresses(self, number: int, addresses: Sequence[str]) -> None:
        container = names.CloudServer(number).container
        code, before = containers.run_inside(self.client, container, "cat", ADDRESSES_FILE)
        containers.plant(self.client, container, {ADDRESSES_FILE: address_file(addresses)})
        for gone in sorted(set(before.split() if code == 0 else ()) - set(addresses)):
            containers.run_inside(self.client, container, "ip", "address", "delete", gone, "dev", CARD)
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            code, output = containers.run_inside(self.client, container, "systemctl", "restart", UNIT)
            if code == 0:
                return
            # A server that is only just starting does not take orders yet.
            if time.monotonic() > deadline:
                raise RuntimeError(f"{UNIT}: {output.strip()}")
            time.sleep(0.3)

    def set_disks(self, number: int, disks: Sequence[Disk]) -> None:
        container = names.CloudServer(number).container
        containers.plant(self.client, container, {DISKS_FILE: disk_file(disks)})
        try:
            code, output = containers.run_inside(self.client, container, DISKS_PROGRAM, "sync")
        except docker.errors.APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            # It is off; the list is read when it starts.
            return
        if code != 0:
            raise RuntimeError(f"{DISKS_PROGRAM}: {output.strip()}")

    def _let_go(self, number: int) -> None:
        """A server that goes without shutting down would leave the machine's loop devices behind."""
        with suppress(docker.errors.APIError):
            containers.run_inside(self.client, names.CloudServer(number).container, DISKS_PROGRAM, "stop")


def specification(number: int, debian: str, seed: Seed, addresses: Sequence[str], legacy: bool) -> Specification:
    """The container of a server; `legacy`: the machine has cgroup v1."""
    server = names.CloudServer(number)
    return Specification(
        name=server.name,
        hostname=seed.hostname,
        image=catalogue.CLOUD_SERVER_12 if debian == "12" else catalogue.CLOUD_SERVER_13,
        kind="server",
        address=server.address,
        command=(servers.INIT, *servers.LEGACY_CGROUPS) if legacy else (servers.INIT,),
        environment={"container": "docker"},
        volumes={server.volume: "/var/lib/docker"},
        files=seed.files(addresses),
        host_configuration={**servers.host_configuration(legacy), "DeviceCgroupRules": LOOP_DEVICES},
    )
