"""The container that cloud.sandbox runs in: this checkout's code, the tokens, and the machine's Docker engine."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import requests

from sandbox import authority, catalogue, inventory, names, paths, world
from sandbox.containers import PlantedFile, Specification
from sandbox.errors import SandboxError

CERTIFICATE = Path("/certificates/chain.pem")
KEY = Path("/certificates/key.pem")
TOKENS = Path("/etc/cloud/tokens.json")
MEMORY = Path("/var/lib/cloud/memory.json")
VOLUME = "slipway-sandbox-cloud"
SOCKET = "/var/run/docker.sock"
READY_SECONDS = 30


def specification() -> Specification:
    """The container of cloud.sandbox. Its code is laid in at the checkout's path, which servers' labels carry."""
    chain, key = authority.certificate(names.CLOUD, names.CLOUD_ADDRESS)
    world.identity()
    code = sorted((paths.CHECKOUT / "sandbox").rglob("*.py"))
    return Specification(
        name="cloud",
        image=catalogue.CLOUD,
        kind="service",
        address=names.CLOUD_ADDRESS,
        aliases=(names.CLOUD,),
        environment={"PYTHONPATH": str(paths.CHECKOUT)},
        ports={443: names.CLOUD_PORT},
        volumes={VOLUME: str(MEMORY.parent)},
        files={
            **{str(path): PlantedFile(path.read_bytes()) for path in code},
            str(paths.WORLD): PlantedFile(paths.WORLD.read_bytes()),
            str(CERTIFICATE): PlantedFile(chain),
            str(KEY): PlantedFile(key, 0o600),
            str(TOKENS): PlantedFile(json.dumps(inventory.ensure_cloud_tokens()).encode(), 0o600),
        },
        host_configuration={"Binds": [f"{engine_socket()}:{SOCKET}"], "RestartPolicy": {"Name": "on-failure"}},
    )


def engine_socket() -> str:
    """Path of the Docker engine's socket on the machine. SandboxError if the engine is reached in another way."""
    address = os.environ.get("DOCKER_HOST", f"unix://{SOCKET}")
    if not address.startswith("unix://"):
        raise SandboxError(f"{names.CLOUD} makes servers through the engine's socket, and DOCKER_HOST is {address}")
    return address.removeprefix("unix://")


def wait_ready() -> None:
    """Wait until cloud.sandbox answers. SandboxError if it does not."""
    deadline = time.monotonic() + READY_SECONDS
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            try:
                url = f"https://{names.LOOPBACK}:{names.CLOUD_PORT}/_sandbox/servers"
                if session.get(url, verify=str(authority.CERTIFICATE), timeout=10).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
    raise SandboxError(f"{names.CLOUD} did not come up: `python -m sandbox logs cloud` says why")
