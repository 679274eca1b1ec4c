"""Old releases go, with their images where nothing needs them; volumes never."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.host_state import ApplicationState
from ansible_collections.slipway.vps.plugins.module_utils.prune import prune


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `docker` that writes down what it is asked, one call a line."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n')
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (tmp_path / "calls").touch()
    return tmp_path / "calls"


def add(state: ApplicationState, number: int, image: str, result: str = "live") -> None:
    state.write_release(number, {"number": number, "image": image})
    if result:
        state.write_ledger({"release": number, "result": result})


def removed_images(calls: Path) -> list[str]:
    lines = calls.read_text().splitlines()
    assert all(line.startswith("image rm ") for line in lines), lines
    return sorted(line.removeprefix("image rm ") for line in lines)


@pytest.fixture
def state(tmp_path: Path) -> ApplicationState:
    state = ApplicationState("shop", tmp_path / "slipway")
    for number in range(1, 8):
        add(state, number, f"shop@{number}")
    return state


def test_the_last_ones_stay(state: ApplicationState, calls: Path) -> None:
    assert prune(state, live=7, keep=5) == ["release 1", "release 2"]
    assert state.release_numbers() == [3, 4, 5, 6, 7]
    assert removed_images(calls) == ["shop@1", "shop@2"]
    assert prune(state, live=7, keep=5) == []


def test_an_image_that_a_kept_release_needs_stays(state: ApplicationState, calls: Path) -> None:
    add(state, 8, "shop@1")
    prune(state, live=8, keep=2)
    assert state.release_numbers() == [7, 8]
    assert removed_images(calls) == [f"shop@{number}" for number in range(2, 7)]


def test_an_image_that_another_application_needs_stays(state: ApplicationState, calls: Path) -> None:
    add(ApplicationState("blog", state.folder.parent), 1, "shop@1")
    prune(state, live=7, keep=5)
    assert removed_images(calls) == ["shop@2"]


def test_failed_releases_do_not_count_and_go(state: ApplicationState, calls: Path) -> None:
    add(state, 8, "shop@8", result="failed")
    add(state, 9, "shop@9", result="")
    prune(state, live=7, keep=5)
    assert state.release_numbers() == [3, 4, 5, 6, 7]
    assert removed_images(calls) == ["shop@1", "shop@2", "shop@8", "shop@9"]


def test_the_live_release_stays_whatever_is_kept(state: ApplicationState, calls: Path) -> None:
    assert calls.exists()
    prune(state, live=2, keep=1)
    assert state.release_numbers() == [2, 7]


def test_with_nothing_to_keep_the_live_one_stays_alone(state: ApplicationState, calls: Path) -> None:
    assert calls.exists()
    prune(state, live=7, keep=0)
    assert state.release_numbers() == [7]
