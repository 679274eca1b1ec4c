"""Images: pulled where Docker Hub can be reached, else built from sandbox/images; kept until their recipe changes."""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
import threading
from pathlib import Path
from typing import Any

import docker

from sandbox import bases, catalogue, machine, paths
from sandbox.catalogue import Image
from sandbox.errors import SandboxError
from sandbox.progress import Report

RECIPE = "slipway.sandbox.recipe"
STAND_IN = "slipway.sandbox.stand-in"
SHOWN_LINES = 15
PROBE = "hello-world:latest"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NO_SPACE = "no space left on device"


class ImageStore:
    """The engine's images, as far as the sandbox needs them."""

    def __init__(self, client: docker.DockerClient, report: Report, stand_ins: bool = False) -> None:
        """`stand_ins`: build them even where Docker Hub can be reached."""
        self.client = client
        self.report = report
        self.stand_ins = stand_ins
        self.trust = machine.trust_bundle()
        self._known: dict[str, str] = {}
        self._reachable: bool | None = None
        self._lock = threading.Lock()

    def inspect(self, reference: str) -> dict[str, Any] | None:
        """What the engine says about an image; None if it has none of that name."""
        try:
            return self.client.api.inspect_image(reference)
        except docker.errors.ImageNotFound:
            return None

    def wanted_recipe(self, image: Image) -> str | None:
        """Hash of the image's recipe; None while a base of it is not there."""
        ids = {}
        for base in image.bases:
            found = self.inspect(base)
            if found is None:
                return None
            ids[base] = found["Id"]
        return catalogue.recipe_hash(image, ids, self.trust)

    def is_current(self, image: Image) -> bool:
        """Whether the engine has the image, from Docker Hub or built from the recipe as it is now."""
        found = self.inspect(image.reference)
        if found is None:
            return False
        labels = found["Config"].get("Labels") or {}
        if image.stand_in and STAND_IN not in labels:
            return not self.stand_ins
        return labels.get(RECIPE) == self.wanted_recipe(image)

    def ensure(self, image: Image) -> None:
        """Pull or build the image unless it is there. SandboxError with the end of the log if that fails."""
        if self.is_current(image):
            return
        if image.stand_in and not self.stand_ins and self.hub_reachable():
            with self.report.step(f"image {image.reference}: pulled", "from Docker Hub"):
                self.client.images.pull(image.name, tag=image.tag)
            return
        replaced = self.inspect(image.reference)
        with self.report.step(f"image {image.reference}: built", image.hint):
            if image.suite:
                bases.build(self.client, image, self.labels(image), self.log_path(image))
            else:
                self.build(image)
        if replaced is not None:
            # Kept as long as a container runs from it.
            with contextlib.suppress(docker.errors.APIError):
                self.client.api.remove_image(replaced["Id"])

    def labels(self, image: Image) -> dict[str, str]:
        """Labels of an image that is built here."""
        # No label of the kind that containers are found by: a container inherits its image's labels.
        labels = {RECIPE: self.wanted_recipe(image) or ""}
        if image.stand_in:
            labels[STAND_IN] = image.reference
        return labels

    def hub_reachable(self) -> bool:
        """Whether the engine reaches Docker Hub; asked once in a run."""
        with self._lock:
            if self._reachable is None:
                try:
                    self.client.api.inspect_distribution(PROBE)
                    self._reachable = True
                except (docker.errors.APIError, OSError):
                    self._reachable = False
                    self.report.say("Docker Hub cannot be reached: its images are built from sandbox/images instead")
            return self._reachable

    def build(self, image: Image) -> None:
        """Build an image from its folder with the engine's own builder; the log goes to .sandbox/logs."""
        log = self.log_path(image)
        arguments = {**machine.build_arguments(), **image.arguments}
        lines: list[str] = []
        with log.open("w") as written:
            stream = self.client.api.build(
                fileobj=context(image.recipe, self.trust),
                custom_context=True,
                tag=image.reference,
                buildargs=arguments,
                labels=self.labels(image),
                rm=True,
                forcerm=True,
                decode=True,
            )
            for event in stream:
                text = COLOURS.sub("", event.get("stream") or event.get("error") or "")
                written.write(text)
                written.flush()
                lines += text.splitlines()
                if "error" in event:
                    raise failed(image, event["error"], lines, log)

    def log_path(self, image: Image) -> Path:
        """Where the log of a build goes."""
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        return paths.LOGS / f"image-{image.slug}.log"


def failed(image: Image, reason: str, lines: list[str], log: Path) -> SandboxError:
    """The error of a build that failed: the reason, the last lines and where the rest is."""
    if any(NO_SPACE in line for line in [reason, *lines[-SHOWN_LINES:]]):
        return SandboxError(
            f"no space left for the image {image.reference} where Docker keeps its data. "
            "`docker system df` shows what fills it, `docker system prune` frees what nothing uses"
        )
    shown = [line for line in lines if line.strip()][-SHOWN_LINES:]
    ending = "\n".join(f"    {line}" for line in shown)
    return SandboxError(f"the image {image.reference} could not be built. The whole log: {log}. Its end:\n{ending}")


def context(folder: Path, trust: bytes) -> io.BytesIO:
    """A build context (tar): the folder's files, and certificates.pem, what this machine trusts."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted(catalogue.recipe_files(folder)):
            # The checkout's umask is no part of an image.
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            add(archive, path.relative_to(folder).as_posix(), path.read_bytes(), mode)
        add(archive, "certificates.pem", trust, 0o644)
    packed.seek(0)
    return packed


def add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    """Add a file of root's to an archive."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
