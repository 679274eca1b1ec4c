"""Which images of old builds go from a builder: a docker that keeps its images in a file says what was asked of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.build_prune import prune_builds
from ansible_collections.slipway.vps.plugins.module_utils.files import append_line, write_json
from ansible_collections.slipway.vps.plugins.module_utils.image_build import Build

IMAGE = "registry.example.com/acme/shop"
# `image ls` prints the images, `image rm` notes the name; one image is in use by a container.
DOCKER = """#!/bin/sh
case "$2" in
ls) cat {folder}/images ;;
rm) test "$3" = "$(cat {folder}/in-use)" && exit 1; echo "$3" >>{folder}/removed ;;
esac
"""


class Builder:
    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, folder / "state"
        self.record = self.state / "shop" / "builds.jsonl"
        self.record.parent.mkdir(parents=True)
        self.images: list[dict[str, str]] = []
        (folder / "in-use").write_text("")
        (folder / "docker").write_text(DOCKER.format(folder=folder))
        (folder / "docker").chmod(0o755)

    def built(self, tag: str, digest: str) -> None:
        append_line(self.record, {"image": IMAGE, "tag": tag, "digest": digest})
        for image in self.images:
            if image["Tag"] == tag:
                image["Tag"] = "<none>"
        self.images.append({"Repository": IMAGE, "Tag": tag, "Digest": digest})

    def prune(self, keep: int = 2) -> list[str]:
        (self.folder / "images").write_text("\n".join(map(json.dumps, self.images)))
        build = Build(app="shop", image=IMAGE, tag=self.images[-1]["Tag"], content="c")
        removed = prune_builds(build, self.record, keep)
        noted = self.folder / "removed"
        assert removed == (noted.read_text().splitlines() if noted.exists() else [])
        return [name.removeprefix(IMAGE) for name in removed]


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    made = Builder(tmp_path)
    for number in range(1, 5):
        made.built(f"v{number}", f"sha256:{number}")
    return made


def test_the_last_builds_and_latest_stay(builder: Builder) -> None:
    builder.images.append({"Repository": IMAGE, "Tag": "latest", "Digest": "sha256:4"})
    assert builder.prune() == [":v1", ":v2"]


def test_a_tag_that_was_built_again_leaves_its_old_image(builder: Builder) -> None:
    builder.built("v4", "sha256:5")
    assert builder.prune() == [":v1", ":v2", "@sha256:4"]


def test_the_images_of_releases_stay(builder: Builder) -> None:
    builder.images[0]["Tag"] = "<none>"
    write_json(builder.state / "shop" / "releases" / "3" / "release.json", {"image": f"{IMAGE}@sha256:1"})
    assert builder.prune() == [":v2"]


def test_what_docker_refuses_stays(builder: Builder) -> None:
    (builder.folder / "in-use").write_text(f"{IMAGE}:v1")
    assert builder.prune() == [":v2"]


def test_nothing_goes_twice(builder: Builder) -> None:
    builder.images = builder.images[2:]
    assert builder.prune() == []
