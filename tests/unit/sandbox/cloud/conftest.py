"""cloud.sandbox without Docker: the web application on machines that only note what they are told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.cloud import fleet
from sandbox.cloud.application import application
from sandbox.cloud.clouds import Cloud
from sandbox.cloud.journal import Journal
from sandbox.cloud.seed import Disk, Seed

DIGITALOCEAN, LINODE = "dop_v1_right", "linode-right"
ACCESS_KEY, SECRET_KEY = "AKIASANDBOXSANDBOXSB", "secret"
TOKENS = {"digitalocean": DIGITALOCEAN, "linode": LINODE, "lightsail": {ACCESS_KEY: SECRET_KEY}}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIALjPE3lkZTkx2vmR0Lw8Jd0J6yYkF0Z0vGk2tq4uI6b owner"


class NotedMachines:
    """Machines that are told everything and do nothing."""

    def __init__(self) -> None:
        self.started: dict[int, Seed] = {}
        self.debian: dict[int, str] = {}
        self.addresses: dict[int, list[str]] = {}
        self.disks: dict[int, list[Disk]] = {}
        self.told: list[tuple[str, int]] = []

    def start(self, number: int, debian: str, seed: Seed, addresses: Sequence[str]) -> None:
        self.started[number], self.debian[number] = seed, debian
        self.addresses[number] = list(addresses)
        self.told.append(("start", number))

    def remove(self, number: int) -> None:
        self.told.append(("remove", number))

    def stop(self, number: int, at_once: bool) -> None:
        self.told.append(("cut" if at_once else "stop", number))

    def resume(self, number: int) -> None:
        self.told.append(("resume", number))

    def set_addresses(self, number: int, addresses: Sequence[str]) -> None:
        self.addresses[number] = list(addresses)

    def set_disks(self, number: int, disks: Sequence[Disk]) -> None:
        self.disks[number] = list(disks)


class Reply:
    """A response: status, headers, the document."""

    def __init__(self, response: Any) -> None:
        self.status, self.headers = response.status_code, response.headers
        self.document = json.loads(response.data) if response.data else None

    def __getitem__(self, name: str) -> Any:
        return self.document[name]


class Api:
    """Calls of one vendor's API with its token."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.token = client, token

    def __call__(self, method: str, path: str, document: Any = None, **headers: str) -> Reply:
        given = {"Authorization": f"Bearer {self.token}", **headers}
        return Reply(self.client.open(path, method=method, json=document, headers=given))


@pytest.fixture
def machines() -> NotedMachines:
    return NotedMachines()


@pytest.fixture
def cloud(machines: NotedMachines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A cloud whose listings lag behind by nothing, unless a test says otherwise."""
    monkeypatch.setattr(fleet, "LISTED_AFTER_SECONDS", 0.0)
    made = Cloud.make(TOKENS, machines, journal=Journal(lambda _: None))
    yield made
    made.fleet.close()


@pytest.fixture
def client(cloud: Cloud) -> FlaskClient:
    return application(cloud).test_client()


@pytest.fixture
def digitalocean(client: FlaskClient) -> Api:
    return Api(client, DIGITALOCEAN)


@pytest.fixture
def linode(client: FlaskClient) -> Api:
    return Api(client, LINODE)


@pytest.fixture
def faults(client: FlaskClient) -> Callable[..., None]:
    """Ask for a fault."""

    def add(kind: str, **about: Any) -> None:
        assert client.post("/_sandbox/faults", json={"kind": kind, **about}).status_code == 201

    return add


@pytest.fixture
def log(client: FlaskClient) -> Callable[[], list[dict[str, Any]]]:
    """The access log."""
    return lambda: [json.loads(line) for line in client.get("/_sandbox/log").data.splitlines()]


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something is so."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "it did not come to be"
            time.sleep(0.01)

    return wait
