"""Which images the sandbox needs, and what each is built from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import paths


@dataclass(frozen=True)
class Image:
    """An image: `stand_in` ones have their namesake on Docker Hub, the others are the sandbox's own.

    `folder` below sandbox/images is the recipe; `suite` makes it a Debian base without a Dockerfile;
    `on_hub` images are served by hub.sandbox; `hint` says how long a build takes on two cores;
    `scratch` ones keep nothing of their bases, so that a new base does not rebuild them;
    `machine` says that the machine's certificates are left in the image, so that a change of them rebuilds it;
    `only` names what alone needs it: cloud.sandbox (`cloud`), a server's system (`ubuntu-24.04`), its distribution.
    """

    name: str
    tag: str
    folder: str
    stand_in: bool = True
    suite: str = ""
    bases: tuple[str, ...] = ("debian:13",)
    arguments: Mapping[str, str] = field(default_factory=dict)
    on_hub: bool = True
    hint: str = ""
    scratch: bool = False
    machine: bool = False
    only: str = ""

    @property
    def reference(self) -> str:
        return f"{self.name}:{self.tag}"

    @property
    def slug(self) -> str:
        """The reference as a file's name."""
        return self.reference.replace("/", "-").replace(":", "-")

    @property
    def recipe(self) -> Path:
        return paths.IMAGES / self.folder


SERVER = "slipway-sandbox/server"
SERVER_13 = f"{SERVER}:debian-13"
SERVER_12 = f"{SERVER}:debian-12"
DNS = "slipway-sandbox/dns:1"
PACKAGES = "slipway-sandbox/packages:1"
ACME = "slipway-sandbox/acme:1"
CLOUD = "slipway-sandbox/cloud:1"
CLOUD_SERVER_13 = "slipway-sandbox/cloud-server:debian-13"
CLOUD_SERVER_12 = "slipway-sandbox/cloud-server:debian-12"
REGISTRY = "registry:2"
MACHINE = "slipway-sandbox/machine:debian-13"

UBUNTU = {"26.04": "resolute", "24.04": "noble", "22.04": "jammy"}

IMAGES = (
    Image("debian", "13", "debian", suite="trixie", bases=(), hint="about 20 s"),
    Image("debian", "12", "debian", suite="bookworm", bases=(), hint="about 25 s"),
    Image("registry", "2", "registry", hint="about 10 s"),
    Image("slipway-sandbox/server", "debian-13", "server", stand_in=False, on_hub=False, hint="about 10 s"),
    Image("slipway-sandbox/dns", "1", "dns", stand_in=False, on_hub=False, hint="about 5 s"),
    Image("slipway-sandbox/acme", "1", "acme", stand_in=False, on_hub=False, hint="about 5 s"),
    Image("caddy", "2.11", "caddy", hint="compiles Caddy, about 2.5 minutes", scratch=True),
    Image("elasticsearch", "8.11.4", "elasticsearch", hint="about 40 s"),
    Image("python", "3.13-slim", "python", hint="about 10 s", machine=True),
    Image(
        "slipway-sandbox/server",
        "debian-12",
        "server",
        stand_in=False,
        on_hub=False,
        bases=("debian:12",),
        arguments={"BASE": "debian:12", "PACKAGES": "python3"},
        hint="about 15 s",
    ),
    Image("mariadb", "11.8", "mariadb", hint="about 15 s"),
    Image("redis", "8", "redis", hint="about 5 s"),
    Image("postgres", "17", "postgres", hint="about 15 s"),
    Image("hello-world", "latest", "hello-world", hint="about 5 s", scratch=True),
    Image(
        "slipway-sandbox/packages",
        "1",
        "packages",
        stand_in=False,
        on_hub=False,
        bases=("debian:13", "debian:12", "caddy:2.11"),
        hint="about 40 s",
    ),
    Image(
        "slipway-sandbox/cloud",
        "1",
        "cloud",
        stand_in=False,
        on_hub=False,
        bases=("python:3.13-slim",),
        hint="about 30 s",
        only="cloud",
    ),
    *(
        Image(
            "slipway-sandbox/cloud-server",
            f"debian-{release}",
            "cloud-server",
            stand_in=False,
            on_hub=False,
            bases=(f"slipway-sandbox/server:debian-{release}",),
            arguments={"BASE": f"slipway-sandbox/server:debian-{release}"},
            hint="about 40 s",
            only="cloud",
        )
        for release in ("13", "12")
    ),
    *(
        Image(
            "ubuntu",
            release,
            "ubuntu",
            arguments={"SUITE": suite},
            hint="about 30 s",
            scratch=True,
            only=f"ubuntu-{release}",
        )
        for release, suite in UBUNTU.items()
    ),
    *(
        Image(
            SERVER,
            f"ubuntu-{release}",
            "server",
            stand_in=False,
            on_hub=False,
            bases=(f"ubuntu:{release}",),
            # From 26.04 on, sudo is the one that is written in Rust.
            arguments={
                "BASE": f"ubuntu:{release}",
                "PACKAGES": f"python3 {'sudo sudo-rs' if release == '26.04' else 'sudo'} ufw unattended-upgrades",
            },
            hint="about 30 s",
            only=f"ubuntu-{release}",
        )
        for release in UBUNTU
    ),
    Image(
        "slipway-sandbox/machine",
        "debian-13",
        "machine",
        stand_in=False,
        on_hub=False,
        bases=("debian:13", SERVER_13),
        hint="about 50 s",
        only="machine",
    ),
    Image("mysql", "8.4", "mysql", bases=("ubuntu:26.04",), hint="about 20 s", only="ubuntu"),
)


def needed(users: Collection[str]) -> list[Image]:
    """The images that everybody needs, those that one of `users` alone does, and what they are built from."""
    known = by_reference()
    wanted = [image for image in IMAGES if not image.only or image.only in users]
    for image in wanted:
        wanted += [known[base] for base in image.bases if known[base] not in wanted]
    return wanted


def by_reference() -> dict[str, Image]:
    """The images by their reference (name:tag)."""
    return {image.reference: image for image in IMAGES}


def recipe_hash(image: Image, base_ids: Mapping[str, str], machine: bytes = b"") -> str:
    """Hash of all that an image is built from: folder, arguments, ids of its bases, the machine's certificates."""
    digest = hashlib.sha256()
    for part in sorted(recipe_files(image.recipe)):
        content = part.read_bytes()
        executable = bool(part.stat().st_mode & 0o100)
        digest.update(f"{part.relative_to(image.recipe)}\0{executable}\0{len(content)}\0".encode())
        digest.update(content)
    for name, value in sorted(image.arguments.items()):
        digest.update(f"{name}={value}\0".encode())
    digest.update(f"{image.suite}\0".encode())
    for base in () if image.scratch else image.bases:
        digest.update(f"{base}={base_ids[base]}\0".encode())
    if image.machine:
        digest.update(machine)
    return digest.hexdigest()


def recipe_files(folder: Path) -> list[Path]:
    """The files of a recipe; what editors leave beside them is not part of it."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("~", ".swp", ".pyc"))]
