"""Builds the test applications' images and pushes them to registry.sandbox, as a user's own build machine would."""

from __future__ import annotations

import hashlib
import io
import json
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
    """Pushes an image whose program no processor here can run; returns its tag.

    It is laid together by hand, as an engine builds for itself (image-spec of Docker, v1.2: `docker load` takes it).
    """
    tag = f"for-{architecture}"
    name = f"{PUSHED_AS}/{application}"
    # The beginning of a program that ends before it says for which processor it is (elf(5)).
    layer = _packed({"program": b"\x7fELF\x02\x02\x01" + bytes(9)})
    configuration = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": ["/program"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [f"{name}:{tag}"], "Layers": ["layer.tar"]}]
    files = {"config.json": configuration, "manifest.json": manifest}
    texts = {path: json.dumps(content).encode() for path, content in files.items()}
    client().images.load(_packed({"layer.tar": layer, **texts}))
    _push(name, tag)
    return tag


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.mode, entry.size = 0o755, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def remove(application: str) -> None:
    """Removes what this machine keeps of an application's images; the registry keeps them."""
    for image in client().images.list(f"{PUSHED_AS}/{application}"):
        for tag in image.tags:
            client().images.remove(tag, force=True)
