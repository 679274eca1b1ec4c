"""Building an image: its context and its errors."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from sandbox import images, world
from sandbox.catalogue import Image
from sandbox.progress import Report

THING = Image("thing", "1", "thing")


def test_a_context_holds_the_folder_and_the_certificates_whatever_the_umask(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "scripts" / "run.sh").chmod(0o700)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Dockerfile").chmod(0o600)
    with tarfile.open(fileobj=images.context(tmp_path, b"trust")) as archive:
        modes = {entry.name: (entry.mode, entry.uid) for entry in archive}
        certificates = archive.extractfile("certificates.pem")
        assert certificates is not None and certificates.read() == b"trust"
    assert modes == {"scripts/run.sh": (0o755, 0), "Dockerfile": (0o644, 0), "certificates.pem": (0o644, 0)}


def test_a_failed_build_shows_its_end_and_its_log() -> None:
    lines = [f"line {number}" for number in range(100)]
    error = str(images.failed(THING, "code 100", lines, Path("/logs/thing.log")))
    assert "thing:1" in error and "/logs/thing.log" in error
    assert "line 99" in error and "line 84" not in error


def test_a_full_disk_is_told_as_such() -> None:
    error = str(images.failed(THING, "write /x: no space left on device", [], Path("/logs/thing.log")))
    assert "no space left" in error and "docker system prune" in error


def test_an_images_labels_make_no_container_look_like_the_sandboxs(monkeypatch: pytest.MonkeyPatch) -> None:
    store = images.ImageStore(None, Report())  # type: ignore[arg-type]
    monkeypatch.setattr(store, "wanted_recipe", lambda _: "0")
    assert store.labels(THING).keys().isdisjoint({world.KIND, world.IDENTITY, world.CHECKOUT})
