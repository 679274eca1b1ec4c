"""Builds the test applications' images and pushes them to registry.sandbox, as a user's own build machine would."""

from __future__ import annotations

import io
import subprocess
import tarfile
from functools import lru_cache

import docker
import yaml

from sandbox import names, paths
from sandbox.registry import USER
from tests.sandbox.project import APPLICATIONS

PUSHED_AS = f"{names.LOOPBACK}:{names.REGISTRY_PORT}/acme"


@lru_cache(maxsize=1)
def client() -> docker.DockerClient:
    return docker.from_env()


def _push(repository: str, tag: str) -> None:
    password = yaml.safe_load(paths.VAULT.read_text())["vault_registry_password"]
    login = {"username": USER, "password": password}
    for event in client().api.push(repository, tag=tag, auth_config=login, stream=True, decode=True):
        assert "error" not in event, event["error"]


@lru_cache
def build(application: str, tag: str, version: str = "") -> str:
    """Builds tests/applications/<application> with VERSION and pushes it; returns `version`, or the tag."""
    name = f"{PUSHED_AS}/{application}"
    version = version or tag
    client().images.build(
        path=str(APPLICATIONS / application), tag=f"{name}:{tag}", buildargs={"VERSION": version}, rm=True
    )
    _push(name, tag)
    return version


def derive(application: str, base: str, tag: str, lines: str = "", size: int = 0) -> None:
    """Pushes an image that stands on another tag of the same application.

    `lines` are more lines of a Dockerfile; `size` a number of random bytes that a layer of its own gets.
    """
    name = f"{PUSHED_AS}/{application}"
    fill = f"\nUSER 0\nRUN head -c {size} /dev/urandom > /ballast\n" if size else ""
    text = f"FROM {name}:{base}\nENV VERSION={tag}{fill}\n{lines}\n"
    client().images.build(fileobj=io.BytesIO(text.encode()), tag=f"{name}:{tag}", rm=True)
    _push(name, tag)


def for_another_machine(application: str, architecture: str = "s390x") -> str:
    """Pushes an image whose program no processor here can run; returns its tag."""
    tag = f"for-{architecture}"
    name = f"{PUSHED_AS}/{application}:{tag}"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        program = tarfile.TarInfo("program")
        program.mode, program.size = 0o755, 16
        # The beginning of a program that ends before it says for which processor it is (elf(5)).
        archive.addfile(program, io.BytesIO(b"\x7fELF\x02\x02\x01" + bytes(9)))
    command = [
        "docker",
        "import",
        "--platform",
        f"linux/{architecture}",
        "--change",
        'ENTRYPOINT ["/program"]',
        "-",
        name,
    ]
    subprocess.run(command, input=packed.getvalue(), capture_output=True, check=True)
    _push(f"{PUSHED_AS}/{application}", tag)
    return tag


def remove(application: str) -> None:
    """Removes what this machine keeps of an application's images; the registry keeps them."""
    for image in client().images.list(f"{PUSHED_AS}/{application}"):
        for tag in image.tags:
            client().images.remove(tag, force=True)
