"""The images and their recipes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox import catalogue, paths
from sandbox.catalogue import Image

BUILT = [image for image in catalogue.IMAGES if not image.suite]


@pytest.mark.parametrize("image", BUILT, ids=lambda image: image.reference)
def test_every_local_base_of_a_dockerfile_is_declared(image: Image) -> None:
    text = (image.recipe / "Dockerfile").read_text().replace("${BASE}", image.arguments.get("BASE", "debian:13"))
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    used = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) | set(re.findall(r"--from=(\S+)", text))
    assert used - stages - {"scratch"} == set(image.bases)


def test_bases_are_images_of_the_catalogue() -> None:
    known = catalogue.by_reference()
    assert {base for image in catalogue.IMAGES for base in image.bases} <= known.keys()
    assert {
        catalogue.SERVER_12,
        catalogue.SERVER_13,
        catalogue.DNS,
        catalogue.PACKAGES,
        catalogue.REGISTRY,
    } <= known.keys()


def test_every_recipe_belongs_to_an_image() -> None:
    folders = {path.name for path in paths.IMAGES.iterdir() if path.is_dir()}
    assert folders == {image.folder for image in catalogue.IMAGES}


@pytest.mark.parametrize("image", [i for i in BUILT if i.stand_in], ids=lambda image: image.reference)
def test_a_stand_in_says_that_it_is_one(image: Image) -> None:
    several = [other.folder for other in BUILT].count(image.folder) > 1
    called = image.name if several else image.reference.removesuffix(":latest")
    assert (image.recipe / "Dockerfile").read_text().startswith(f"# Stand-in for {called} ")


@pytest.mark.parametrize("image", BUILT, ids=lambda image: image.reference)
def test_images_from_scratch_are_marked_as_such(image: Image) -> None:
    last = re.findall(r"^FROM (\S+)", (image.recipe / "Dockerfile").read_text(), re.MULTILINE)[-1]
    assert image.scratch == (last == "scratch")


def test_what_only_one_system_needs_comes_with_it_alone() -> None:
    plain = {image.reference for image in catalogue.needed(())}
    assert not {
        reference for reference in plain if "ubuntu" in reference or "cloud" in reference or "mysql" in reference
    }
    noble = {image.reference for image in catalogue.needed({"ubuntu-24.04"})} - plain
    assert noble == {"ubuntu:24.04", "slipway-sandbox/server:ubuntu-24.04"}
    assert {image.reference for image in catalogue.needed({"ubuntu"})} - plain == {"mysql:8.4", "ubuntu:26.04"}


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "images" / "thing"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM debian:13\n")
    monkeypatch.setattr(paths, "IMAGES", tmp_path / "images")
    return folder


def digest(bases: str = "sha256:1", machine: bytes = b"", **changes: object) -> str:
    image = Image("thing", "1", "thing", **changes)  # type: ignore[arg-type]
    return catalogue.recipe_hash(image, {"debian:13": bases}, machine)


def test_the_hash_changes_with_what_an_image_is_built_from(recipe: Path) -> None:
    before = digest()
    assert digest() == before
    assert digest(bases="sha256:2") != before
    assert digest(bases="sha256:2", scratch=True) == digest(bases="sha256:1", scratch=True)
    assert digest(arguments={"PACKAGES": "python3"}) != before
    (recipe / "Dockerfile").chmod(0o755)
    executable = digest()
    assert executable != before
    (recipe / "note").write_text("")
    assert digest() != executable


def test_the_machines_certificates_count_only_where_they_stay_in_the_image(recipe: Path) -> None:
    assert digest(machine=b"one") == digest(machine=b"two")
    kept = Image("thing", "1", "thing", machine=True)
    ids = {"debian:13": "sha256:1"}
    assert catalogue.recipe_hash(kept, ids, b"one") != catalogue.recipe_hash(kept, ids, b"two")


def test_what_an_editor_leaves_is_no_part_of_a_recipe(recipe: Path) -> None:
    before = digest()
    (recipe / "Dockerfile~").write_text("old")
    assert digest() == before
