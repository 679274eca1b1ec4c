"""Specifications and the engine's refusals."""

from __future__ import annotations

import dataclasses
from typing import Any

import docker
import pytest

from sandbox import acme, containers, names, registry, servers, services
from sandbox.containers import PlantedFile, Specification
from sandbox.errors import SandboxError

THING = Specification("thing", "image:1", "service", "172.30.0.9", ports={443: 5444})


@pytest.mark.parametrize(
    "message",
    [
        "driver failed programming external connectivity on endpoint slipway-sandbox-hub (1f): "
        "Error starting userland proxy: listen tcp4 127.0.0.1:5444: bind: address already in use",
        "driver failed programming external connectivity on endpoint slipway-sandbox-hub (1f): "
        "Bind for 127.0.0.1:5444 failed: port is already allocated",
        "failed to set up container networking: failed to bind host port 127.0.0.1:5444/tcp: address already in use",
    ],
)
def test_a_port_that_is_taken_is_named(message: str) -> None:
    assert containers.port_in_use(message) == "5444"


def test_an_address_in_the_network_is_no_port() -> None:
    assert containers.port_in_use("Address already in use") == ""
    assert containers.port_in_use("no such image") == ""


class Refusing:
    """An engine that refuses to start, with a message."""

    def __init__(self, message: str) -> None:
        self.api = self
        self.message = message

    def start(self, container: str) -> None:
        raise docker.errors.APIError(self.message)


def test_a_taken_port_becomes_one_clear_line() -> None:
    client: Any = Refusing("listen tcp4 127.0.0.1:8080: bind: address already in use")
    with pytest.raises(SandboxError, match=r"127\.0\.0\.1:8080 is in use by another program, and thing needs it"):
        containers.start(client, THING)


def test_a_full_disk_becomes_one_clear_line() -> None:
    client: Any = Refusing("mkdir /var/lib/docker/overlay2/x: no space left on device")
    with pytest.raises(SandboxError, match="no space left to start thing"):
        containers.start(client, THING)


def test_another_refusal_stays_what_it_is() -> None:
    client: Any = Refusing("something else")
    with pytest.raises(docker.errors.APIError):
        containers.start(client, THING)


@pytest.mark.parametrize(
    "change",
    [
        {"command": ("serve",)},
        {"ports": {443: 5445}},
        {"files": {"/a": PlantedFile(b"1")}},
        {"volumes": {"data": "/data"}},
        {"host_configuration": {"Privileged": True}},
        {"aliases": ("hub.sandbox",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_hash_changes_with_the_specification(change: dict[str, Any]) -> None:
    assert dataclasses.replace(THING, **change).hash("sha256:1") != THING.hash("sha256:1")


def test_a_hash_changes_with_the_image_and_the_content_of_files() -> None:
    one = dataclasses.replace(THING, files={"/a": PlantedFile(b"1")})
    two = dataclasses.replace(THING, files={"/a": PlantedFile(b"2")})
    assert one.hash("sha256:1") == dataclasses.replace(one).hash("sha256:1")
    assert one.hash("sha256:1") != one.hash("sha256:2")
    assert one.hash("sha256:1") != two.hash("sha256:1")


def member(address: str = "172.30.0.9", network: str = "new") -> dict[str, Any]:
    networks = {names.NETWORK: {"IPAMConfig": {"IPv4Address": address}, "NetworkID": network}}
    return {"NetworkSettings": {"Networks": networks}}


def test_a_container_is_in_place_in_the_network_as_it_is_now() -> None:
    assert containers.is_in_place(member(), THING, "new")
    assert not containers.is_in_place(member(network="old"), THING, "new")
    assert not containers.is_in_place(member(address="172.30.0.8"), THING, "new")
    assert not containers.is_in_place({"NetworkSettings": {"Networks": {}}}, THING, "new")


@pytest.mark.parametrize("number", [1, 3])
def test_specifications_are_the_same_from_run_to_run(number: int) -> None:
    engine = {"CgroupVersion": "1"}
    made = [
        [
            services.dns().hash("sha256:1"),
            services.packages().hash("sha256:1"),
            registry.registry("password").hash("sha256:1"),
            registry.hub().hash("sha256:1"),
            acme.STANDARD.specification().hash("sha256:1"),
            servers.specification(names.Server(number), engine).hash("sha256:1"),
        ]
        for _ in range(2)
    ]
    assert made[0] == made[1]
