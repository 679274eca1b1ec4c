"""Takes away a builder's images of old builds; their layers stay in the engine's build cache while that has room."""

from __future__ import annotations

import json
from pathlib import Path

from . import docker_engine as engine
from .files import read_json, read_lines
from .image_build import Build


def prune_builds(build: Build, record: Path, keep: int) -> list[str]:
    """Keeps the images of the last `keep` builds in `record`, and of the releases on this host; returns what went.

    By label: an image that Slipway did not build stays. A name is taken away, and the image with its last one, unless a
    container uses it: Docker refuses that.
    """
    kept = {build.latest, *_last_builds(record, keep), *_of_releases(record.parents[1])}
    found = engine.docker(
        "image", "ls", "--digests", "--no-trunc", f"--filter=label=slipway.app={build.app}", "--format={{json .}}"
    )
    removed = []
    for line in found.stdout.splitlines():
        name = _reference(json.loads(line))
        if name and name not in kept and engine.docker("image", "rm", name, check=False).returncode == 0:
            removed.append(name)
    return removed


def _reference(image: dict[str, str]) -> str:
    """The tag of a line of `docker image ls`, or its digest where it has no tag (another build has taken that)."""
    if image["Tag"] != "<none>":
        return f"{image['Repository']}:{image['Tag']}"
    return f"{image['Repository']}@{image['Digest']}" if image["Digest"] != "<none>" else ""


def _last_builds(record: Path, keep: int) -> set[str]:
    """Names of the last builds, by tag and by digest; a tag that was built again counts once."""
    builds: dict[tuple[str, str], str] = {}
    for line in reversed(read_lines(record)):
        builds.setdefault((line["image"], line["tag"]), line["digest"])
    last = list(builds.items())[:keep]
    return {f"{image}:{tag}" for (image, tag), _ in last} | {f"{image}@{digest}" for (image, _), digest in last}


def _of_releases(state: Path) -> set[str]:
    """The images of all releases on this host, by digest: the way back to them needs no registry."""
    return {(read_json(path) or {}).get("image", "") for path in state.glob("*/releases/*/release.json")}
