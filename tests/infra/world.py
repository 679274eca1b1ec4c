"""What the checks compare: the expectation, the facts of the host, and the containers in both."""

from __future__ import annotations

import json
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import testinfra

# The suite runs outside Ansible, so the collection's shared code is found by its folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins"))
from collector import gather
from module_utils.expectation import (
    PROXY_CONTAINER,
    ExpectedContainer,
    container_of,
    expected_container,
    expected_processes,
    expected_services,
)

INFO = ("ServerVersion", "LiveRestoreEnabled", "LoggingDriver", "RegistryConfig", "Swarm")
FIREWALL = "slipway-firewall.service"
UNITS = ("docker.service", "containerd.service")


@dataclass(frozen=True)
class Subject:
    """A container that is to be there, and its `docker inspect`; {} when it is not."""

    wanted: ExpectedContainer
    data: dict[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return self.wanted.id

    @property
    def name(self) -> str:
        return str(self.data.get("Name", "")).lstrip("/")

    @property
    def container(self) -> str:
        """Docker's own identifier."""
        return str(self.data["Id"])

    @property
    def running(self) -> bool:
        return bool(self.data) and bool(self.data["State"]["Running"])


@dataclass
class World:
    """One host of an application: `expectation` from the inventory, `facts` from the host, `host` testinfra's."""

    expectation: dict[str, Any]
    host: Any
    pending: Future[dict[str, Any]] = field(repr=False)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Raises GatherError."""
        return self.pending.result()

    @property
    def application(self) -> str:
        return str(self.expectation["application"])

    @property
    def release(self) -> int:
        return int(self.facts["state"]["release"])

    @cached_property
    def is_rollback(self) -> bool:
        """A release that brought an earlier one's settings back is compared with what it was made from, not with
        today's inventory.
        """
        return bool(self.facts["state"]["record"].get("of"))

    @property
    def releasing(self) -> bool:
        """Whether a release is being made, while the one before still runs."""
        return bool(self.expectation["releasing"])

    @property
    def compares_server(self) -> bool:
        """A rollback must not fail because the inventory has changes for the server or the services that no deploy has
        applied yet.
        """
        return not (self.releasing and self.is_rollback)

    @cached_property
    def compose(self) -> dict[str, Any]:
        """The rendered project of the release; {} on a host that runs none of its processes."""
        wanted = self.expectation["compose"]
        return self.facts["state"]["rendered"] if wanted and self.is_rollback else wanted

    @cached_property
    def containers(self) -> list[Subject]:
        record = self.facts["state"]["record"]
        wanted = expected_processes(self.compose, str(record.get("image", ""))) if self.compose else []
        wanted += expected_services(self.expectation["services"])
        if self.expectation["proxy"]:
            wanted.append(expected_container("proxy", PROXY_CONTAINER, self.expectation["proxy"]["definition"]))
        found = self.facts.get("containers") or []
        return [Subject(each, container_of(each, self.release, self.application, found)) for each in wanted]

    @property
    def compared(self) -> list[Subject]:
        """The containers whose settings are compared with the inventory's."""
        return self.containers if self.compares_server else self.processes

    def of_kind(self, kind: str) -> list[Subject]:
        return [subject for subject in self.containers if subject.wanted.kind == kind]

    @property
    def processes(self) -> list[Subject]:
        return self.of_kind("process")

    @property
    def web(self) -> list[Subject]:
        return [subject for subject in self.processes if subject.wanted.name == "web"]


def hardening_request(wanted: dict[str, Any]) -> dict[str, Any]:
    """What the host is asked for, of what a release leaves out."""
    return {
        "files": sorted(wanted["files"]),
        "packages": [*wanted["packages"], *wanted["removed"]],
        "operator": wanted["operator"],
        "units": [*wanted["timers"], *([FIREWALL] if wanted["firewall"] else [])],
    }


def certificate_names(expectation: dict[str, Any]) -> list[str]:
    """The names whose certificates are looked at; none in a release, which an old one must not keep back."""
    if expectation["releasing"] or not expectation["proxy"] or expectation["proxy"]["tls"] == "off":
        return []
    return [name for name in expectation["domains"] if not name.startswith("*")]


def request_of(expectation: dict[str, Any]) -> dict[str, Any]:
    """What the host is asked for. No secret is in it."""
    proxy = expectation["proxy"] or {"http_port": 0, "https_port": 0, "tls": "off", "authority": ""}
    return {
        "application": expectation["application"],
        "release": expectation["release"],
        "packages": expectation["packages"],
        "units": list(UNITS),
        "hardening": {} if expectation["releasing"] else hardening_request(expectation["hardening"]),
        "certificates": certificate_names(expectation),
        "kernel": sorted({*expectation["kernel"], *expectation["hardening"]["sysctl"]}),
        "info": list(INFO),
        "services": expectation["service_list"],
        "domains": expectation["domains"] if expectation["proxy"] else [],
        "redirects": expectation["redirects"] if expectation["proxy"] else [],
        "port": expectation["port"],
        "health": expectation["health"],
        "upstream": f"{expectation['application']}-r{{release}}-web",
        **{key: proxy[key] for key in ("http_port", "https_port", "tls", "authority")},
    }


def open_world(file: Path) -> World:
    """Reads the expectation and begins to gather, so that what follows happens meanwhile."""
    expectation = json.loads(file.read_text(encoding="utf-8"))
    connection = expectation["connection"]
    options = f"ssh_config={connection['ssh_config']}&sudo={connection['sudo']}"
    host = testinfra.get_host(f"ssh://{connection['name']}?{options}")
    pending = ThreadPoolExecutor(1).submit(gather, host, request_of(expectation))
    return World(expectation, host, pending)
