"""What a user's own tests can ask for, beside pytest's own fixtures. docs/verify.md tells it for users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from checks import the_world
from world import Subject

# Exports the secrets of a process before its command (see module_utils/release_project.py).
WRAPPER = "/run/slipway/environment.sh"


@pytest.fixture(scope="session")
def host() -> Any:
    """The server, as testinfra knows it: host.run("…"), host.file("…"), and all its other modules."""
    return the_world().host


@pytest.fixture(scope="session")
def application() -> dict[str, Any]:
    """The application on this host: name, release, domains, port, health, host, tls, http_port,
    https_port.
    """
    world = the_world()
    wanted = world.expectation
    proxy = wanted["proxy"] or {}
    return {
        "name": wanted["application"],
        "release": world.release,
        **{key: wanted[key] for key in ("domains", "port", "health", "host")},
        "tls": proxy.get("tls", "off"),
        "http_port": proxy.get("http_port", 0),
        "https_port": proxy.get("https_port", 0),
    }


@pytest.fixture(scope="session")
def container() -> Callable[..., Subject]:
    """container("web"): the first container of a process or service; ("web", 2) the second. Skips where none runs."""

    def find(name: str, index: int = 1) -> Subject:
        wanted = [each for each in the_world().containers if each.wanted.name == name and each.wanted.index == index]
        if not wanted:
            pytest.skip(f"{name} does not run on this host")
        if not wanted[0].data:
            pytest.fail(f"expected a container of {name}, found none", pytrace=False)
        return wanted[0]

    return find


@pytest.fixture(scope="session")
def exec_in(container: Callable[..., Subject]) -> Callable[..., Any]:
    """exec_in("worker", ["venv/bin/python", "-c", "…"]) runs a command with the process's settings and secrets.

    The result has rc, stdout and stderr.
    """

    def run(name: str, command: list[str], index: int = 1) -> Any:
        subject = container(name, index)
        mounted = any(mount["Destination"] == WRAPPER for mount in subject.data["Mounts"])
        words = ["docker", "exec", subject.container, *(["/bin/sh", WRAPPER] if mounted else []), *command]
        return the_world().host.run(" ".join(["%s"] * len(words)), *words)

    return run
