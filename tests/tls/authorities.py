"""The authority with short-lived certificates that tests of renewals use, and its stand-in that refuses every order."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import docker

from sandbox import acme, containers
from sandbox.containers import PlantedFile, Specification

PROGRAM = Path(__file__).with_name("refusing_authority.py")
SERVER = acme.SHORT_LIVED


def start_short_lived(**elsewhere: str) -> str:
    """Starts it, with a new root where it was another one; the root (PEM). `elsewhere`: where names lead for it."""
    usual = SERVER.specification()
    if elsewhere:
        hosts = [f"{name}:{address}" for name, address in elsewhere.items()]
        # Without a name server of its own it asks the engine's, which knows no server's name, after /etc/hosts.
        usual = dataclasses.replace(usual, command=(), host_configuration={"ExtraHosts": hosts})
    _start(usual)
    return SERVER.root()


def start_refusing() -> None:
    """In the place of the authority with short-lived certificates."""
    usual = SERVER.specification()
    files = {**usual.files, "/refusing_authority.py": PlantedFile(PROGRAM.read_bytes())}
    program = ("python3", "/refusing_authority.py")
    _start(
        dataclasses.replace(
            usual, image="python:3.13-slim", entrypoint=program, command=(SERVER.domain,), ports={}, files=files
        )
    )


def stop() -> None:
    client = docker.from_env()
    for container in client.containers.list(all=True, filters={"name": f"^{SERVER.specification().container}$"}):
        container.remove(force=True)


def _start(wanted: Specification) -> None:
    containers.ensure(docker.from_env(), wanted)
