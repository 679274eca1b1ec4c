"""Images in the sandbox's registries, as the controller sees them."""

from __future__ import annotations

import secrets
from pathlib import Path

import docker
import requests
import yaml

from sandbox import authority, names, paths, registry
from tests.sandbox.playbook import ROOT


def tags(repository: str) -> list[str]:
    """The tags of a repository in registry.sandbox; none when it has no such repository."""
    password = yaml.safe_load(paths.VAULT.read_text())["vault_registry_password"]
    answer = requests.get(
        f"https://{names.LOOPBACK}:{names.REGISTRY_PORT}/v2/{repository}/tags/list",
        auth=(registry.USER, password),
        verify=str(authority.CERTIFICATE),
        timeout=20,
    )
    return sorted(answer.json().get("tags") or [])


def publish_on_hub(folder: Path, reference: str, **arguments: str) -> None:
    """Builds an image on this machine and serves it on the stand-in for Docker Hub."""
    client = docker.from_env()
    local = f"slipway-test-{secrets.token_hex(4)}:latest"
    client.images.build(path=str(folder), tag=local, buildargs=arguments, rm=True)
    try:
        registry.publish(client, local, reference)
    finally:
        client.images.remove(local)


def application(name: str) -> Path:
    return ROOT / "tests/applications" / name
