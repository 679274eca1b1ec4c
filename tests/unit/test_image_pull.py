"""Pulls in processes of their own, tried with a docker that is a script."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.image_pull import forget_pull, pull_image, pull_images
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError

# Notes what it pulls; `missing` is not in the registry, `slow` takes a while.
DOCKER = """#!/bin/sh
echo "$2" >>"$DONE"
case "$2" in
slow) echo "a: Pulling fs layer"; sleep 0.4 ;;
missing) echo "manifest for missing not found: manifest unknown"; exit 1 ;;
esac
"""


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER, encoding="utf-8")
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setenv("DONE", str(tmp_path / "done"))
    return tmp_path / "done"


def test_a_pull_ends_well(tmp_path: Path, done: Path) -> None:
    assert pull_image(tmp_path / "release", "quick", time.time(), 5) == ""
    assert done.read_text(encoding="utf-8").split() == ["quick"]
    assert list((tmp_path / "release").iterdir()) == []


def test_a_slow_pull_goes_on_and_is_not_begun_twice(tmp_path: Path, done: Path) -> None:
    assert pull_image(tmp_path, "slow", time.time(), 0.1).startswith("pulling slow: 0 of 1 layers")
    assert pull_image(tmp_path, "slow", time.time(), 5) == ""
    assert done.read_text(encoding="utf-8").split() == ["slow"]


def test_the_end_of_one_pull_is_not_that_of_another(tmp_path: Path, done: Path) -> None:
    assert pull_image(tmp_path, "slow", time.time(), 0.1)
    time.sleep(1)
    # Its end is not asked for any more, as the image is there.
    assert pull_image(tmp_path, "quick", time.time(), 5) == ""
    assert done.read_text(encoding="utf-8").split() == ["slow", "quick"]
    forget_pull(tmp_path)
    assert list(tmp_path.glob("pull*")) == []


def test_a_failed_pull_says_what_to_do(tmp_path: Path, done: Path) -> None:
    with pytest.raises(OperationError, match="does not have this image"):
        pull_image(tmp_path, "missing", time.time(), 5)
    assert list(tmp_path.glob("pull*")) == []


def test_several_pulls_go_on_at_the_same_time(tmp_path: Path, done: Path) -> None:
    progress = pull_images(tmp_path, ["slow", "quick"], time.time(), 0.2)
    assert progress.startswith("pulling slow: 0 of 1 layers")
    assert pull_images(tmp_path, ["slow", "quick"], time.time(), 5) == ""
    assert done.read_text(encoding="utf-8").split().count("slow") == 1


def test_one_of_several_pulls_fails(tmp_path: Path, done: Path) -> None:
    with pytest.raises(OperationError, match="does not have this image"):
        pull_images(tmp_path, ["quick", "missing"], time.time(), 5)
