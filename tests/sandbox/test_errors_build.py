"""Builds that fail, each tried for real: what was wrong, the last lines, and no image under that name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sandbox import images
from tests.sandbox.project import Project

pytestmark = [pytest.mark.errors, pytest.mark.servers("vps-2")]

REPOSITORY = "acme/never-built-well"


@pytest.fixture
def site(tmp_path: Path) -> Project:
    """Beacon, from a copy of its folder, under a name that the registry does not have."""
    copy = tmp_path / "beacon"
    shutil.copytree(images.application("beacon"), copy)
    made = Project(tmp_path, app=["vps-1"])
    return made.add("beacon", image=f"{{{{ registry_server }}}}/{REPOSITORY}", build={"context": str(copy)})


def dockerfile(site: Project) -> Path:
    return Path(site.read("beacon")["build"]["context"]) / "Dockerfile"


def test_command_in_the_dockerfile_fails(site: Project) -> None:
    path = dockerfile(site)
    path.write_text(f"{path.read_text()}USER root\nRUN echo it does not compile && exit 7\n")
    outcome = site.build().failed()
    outcome.line_with("vps-2", "build failed", "exit code: 7")
    assert any("it does not compile" in line for line in outcome.lines if line.startswith("|")), outcome
    assert images.tags(REPOSITORY) == []


def test_base_image_that_is_nowhere(site: Project) -> None:
    dockerfile(site).write_text("FROM registry.sandbox/acme/no-such-base:1\n")
    site.build().failed().line_with("vps-2", "build failed", "acme/no-such-base:1", "not found")


def test_no_dockerfile(site: Project) -> None:
    dockerfile(site).unlink()
    site.build().failed().line_with("build.dockerfile", "found no Dockerfile")


def test_no_such_folder(site: Project) -> None:
    site.change("beacon", build={"context": "../nowhere"})
    site.build().failed().line_with("build.context", "found no folder", "nowhere")


def test_registry_refuses_the_password(site: Project) -> None:
    site.settings(registry_password="not-the-right-one")
    site.build().failed().line_with("vps-2", "registry.sandbox", "wrong user name or password", "registry_password")
    assert images.tags(REPOSITORY) == []
