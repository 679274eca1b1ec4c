"""Pulls in the background: what is missing is pulled, the release by digest; a registry that is away is no error."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.images_ahead import pull_ahead

DIGEST = f"sha256:{'ab' * 32}"
# Has redis:8, knows one digest, and notes what is pulled.
DOCKER = f"""#!/bin/sh
case "$1 $2" in
"image inspect") test "$3" = redis:8 && echo '[{{"Id": "x", "Config": {{}}}}]' ;;
"buildx imagetools") test -e FOLDER/away && echo "connection refused" >&2 && exit 1; echo {DIGEST} ;;
"pull --quiet") echo "$3" >>FOLDER/pulled ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docker").write_text(DOCKER.replace("FOLDER", str(tmp_path)))
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def pulled(folder: Path, count: int) -> set[str]:
    """What was pulled, once that is `count` images."""
    deadline = time.monotonic() + 10
    names: list[str] = []
    while len(names) < count and time.monotonic() < deadline:
        time.sleep(0.02)
        names = (folder / "pulled").read_text().splitlines() if (folder / "pulled").exists() else []
    return set(names)


def test_what_is_missing_is_pulled(docker: Path) -> None:
    arguments = {
        "images": ["mariadb:11.8", "redis:8"],
        "release": "r.example.com/acme/shop:v1",
        "ask": "r.example.com/x",
    }
    assert pull_ahead(arguments) == {"changed": True, "message": "pulling 2 images meanwhile"}
    assert pulled(docker, 2) == {"mariadb:11.8", f"r.example.com/acme/shop@{DIGEST}"}


def test_a_registry_that_is_away_is_told_by_the_step_that_needs_it(docker: Path) -> None:
    (docker / "away").touch()
    answer = pull_ahead({"images": ["redis:8"], "release": "acme/shop:v1", "ask": "acme/shop:v1"})
    assert answer == {"changed": False, "message": ""}
