"""Building an image on a host with buildx, from an archive of its context, and pushing it to its registry."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import docker_engine as engine
from .files import append_line, read_lines
from .image_digest import inspect_in_registry
from .problem import OperationError

BUILD_SECONDS = 3600
CONTENT_LABEL = "slipway.content"
REVISION_LABEL = "org.opencontainers.image.revision"


@dataclass(frozen=True)
class Published:
    """An image that its registry has."""

    digest: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Build:
    """What is to be built. `content` is a hash of the context and the settings; `created` is ISO 8601, UTC, or ''."""

    app: str
    image: str
    tag: str
    content: str
    commit: str = ""
    created: str = ""
    dockerfile: str = "Dockerfile"
    target: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    platform: str = ""

    @property
    def reference(self) -> str:
        return f"{self.image}:{self.tag}"

    @property
    def latest(self) -> str:
        return f"{self.image}:latest"

    def labels(self) -> dict[str, str]:
        """The OCI annotations (opencontainers/image-spec, annotations.md) and Slipway's own."""
        created = self.created or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        labels = {"org.opencontainers.image.created": created, "org.opencontainers.image.version": self.tag}
        if self.commit:
            labels[REVISION_LABEL] = self.commit
        return {**labels, "slipway.app": self.app, CONTENT_LABEL: self.content}

    def command(self) -> list[str]:
        """The buildx command, with values of build arguments left to its environment."""
        command = ["docker", "buildx", "build", "--progress=plain", f"--file={self.dockerfile}", "--push"]
        # An attestation would make the digest that of an index, not of the image.
        command += ["--provenance=false", "--sbom=false"]
        command += [f"--tag={self.reference}", f"--tag={self.latest}"]
        command += [f"--cache-from=type=registry,ref={self.latest}", "--cache-to=type=inline"]
        command += [f"--label={name}={value}" for name, value in self.labels().items()]
        command += [f"--build-arg={name}" for name in self.arguments]
        command += [f"--target={self.target}"] if self.target else []
        command += [f"--platform={self.platform}"] if self.platform else []
        return [*command, "-"]


def published(reference: str) -> Published | None:
    """The image as its registry has it, None when it does not. Raises OperationError when the registry does not say."""
    result = inspect_in_registry(reference, "{{json .}}")
    if result.returncode == 0:
        data = json.loads(result.stdout)
        return Published(data["manifest"]["digest"], _labels(data.get("image") or {}))
    text = (result.stderr or result.stdout).replace("ERROR: ", "")
    # Docker Hub and GitHub answer a name that they do not have with "insufficient scope" to those who may make it.
    if "not found" in text.lower() or "insufficient_scope" in text.lower():
        return None
    # A client without the plugin answers with its general usage.
    if engine.docker("buildx", "version", check=False).returncode != 0:
        raise OperationError("this host has no docker buildx: install docker-buildx-plugin")
    raise OperationError(engine.explain(text, ["docker", "pull", reference]), engine.tail(text, 3))


def _labels(image: dict[str, Any]) -> dict[str, str]:
    """Labels of an image's configuration; those of any platform where there are several."""
    configuration = image.get("config")
    if configuration is None:
        configuration = next((each.get("config") for each in image.values() if isinstance(each, dict)), None)
    return (configuration or {}).get("Labels") or {}


def build_and_push(build: Build, archive: Path) -> Published:
    """Builds the archive's context and pushes the image. Raises OperationError with the last 20 lines of the build."""
    environment = {**os.environ, **build.arguments, "BUILDKIT_PROGRESS": "plain", "NO_COLOR": "1"}
    with archive.open("rb") as context:
        try:
            result = subprocess.run(
                build.command(),
                stdin=context,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=BUILD_SECONDS,
                env=environment,
                check=False,
            )
        except FileNotFoundError:
            raise OperationError("docker is not installed on this host") from None
        except subprocess.TimeoutExpired:
            raise OperationError(f"the build did not end within {BUILD_SECONDS} s") from None
    if result.returncode != 0:
        raise OperationError(explain_build(result.stdout, build.platform), engine.tail(result.stdout))
    image = published(build.reference)
    if image is None:
        raise OperationError(f"the registry took {build.reference} and does not have it", engine.tail(result.stdout))
    return image


def explain_build(output: str, platform: str = "") -> str:
    """One line on a build (for another platform, if one is named) that failed, out of buildx's plain output."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    low = output.lower()
    reason = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1] if lines else "no output")
    reason = reason.removeprefix("ERROR: ").removeprefix("failed to solve: ")
    pushing = any(" pushing " in line for line in lines) or "failed to push" in low or "push access denied" in low
    if "no space left on device" in low:
        advice = "`docker system df` tells what holds it, `docker builder prune` frees the build cache"
        return f"no space left for the build on this host: {advice}"
    if platform and engine.WRONG_FORMAT in low:
        return (
            f"the build failed: {reason}: this builder cannot run programs for {platform}. Take a builder of that kind,"
            " or let this one emulate it (`docker run --privileged --rm tonistiigi/binfmt --install all` there)"
        )
    if pushing or "error getting credentials" in low:
        return engine.explain(reason, ["docker", "push"])
    return f"the build failed: {reason}"


def retag_latest(build: Build, digest: str) -> None:
    """Lets `latest` name an image that the registry has already. Raises OperationError."""
    source = f"{build.image}@{digest}"
    for arguments in (("pull", "--quiet", source), ("tag", source, build.latest), ("push", "--quiet", build.latest)):
        engine.docker(*arguments)


def record(path: Path, build: Build, digest: str, owner: str) -> bool:
    """Adds a line to the builder's list of builds, unless its last one says the same; returns whether it was added."""
    entry = {
        "image": build.image,
        "tag": build.tag,
        "digest": digest,
        "commit": build.commit,
        "content": build.content,
    }
    try:
        lines = read_lines(path)
        if lines and {name: lines[-1].get(name) for name in entry} == entry:
            return False
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        append_line(path, {"time": now, **entry, "by": owner})
    except OSError as error:
        raise OperationError(f"the build cannot be recorded: {error} (image_state_directory)") from None
    return True
