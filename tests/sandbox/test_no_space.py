"""No space left, on a small disk in memory that holds Docker's data and Slipway's state; the machine's own is safe."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox import beacon, images
from tests.sandbox.project import Project
from tests.sandbox.server import Server

pytestmark = [pytest.mark.errors, pytest.mark.servers("vps-3")]

DISK_MEGABYTES = 700
NEW_MEGABYTES = 40
BALLAST = "/srv/small/ballast"
_MOUNT = f"""
set -e
mkdir -p /srv/small /var/lib/docker /var/lib/slipway
chmod 711 /var/lib/slipway
mount -t tmpfs -o size={DISK_MEGABYTES}m small /srv/small
for name in docker slipway; do
    mkdir /srv/small/$name
    mount --bind /srv/small/$name /var/lib/$name
done
chmod 711 /var/lib/slipway
"""


def large_beacon(folder: Path) -> Path:
    """Beacon with a large file in its image, the same one in each run, which does not get smaller in a registry."""
    shutil.copytree(images.application("beacon"), folder)
    (folder / "large.bin").write_bytes(random.Random(1).randbytes(NEW_MEGABYTES * 1024 * 1024))
    (folder / ".dockerignore").write_text("")
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "COPY large.bin /\n")
    return folder


class SmallDisk:
    def __init__(self, server: Server) -> None:
        self.server = server

    def fill(self, left_megabytes: int) -> None:
        """Leaves so much of the disk free."""
        free = int(self.server.run("df --output=avail --block-size=1K /srv/small | tail -1"))
        size = free - left_megabytes * 1024
        self.server.run(f"head -c {size}K /dev/zero >>{BALLAST} || [ {left_megabytes} = 0 ]")

    def empty(self) -> None:
        self.server.run(f"rm -f {BALLAST}")


@pytest.fixture(scope="module")
def disk(vps_3: Server) -> Iterator[SmallDisk]:
    vps_3.bare().run(_MOUNT)
    yield SmallDisk(vps_3)
    vps_3.reset()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, disk: SmallDisk) -> Project:
    """Beacon is live on the small disk, and its next image, a large one, is in the registry."""
    made = beacon.add_to(Project(tmp_path_factory.mktemp("no-space"), app=["vps-3"]))
    # The plan would refuse a disk of this size.
    made.settings(doctor_disk_free="0")
    made.deploy().succeeded()
    large = large_beacon(tmp_path_factory.mktemp("large") / "beacon")
    made.change("beacon", build={"context": str(large)}, image=f"{beacon.IMAGE}-large")
    made.build().succeeded()
    return made


@pytest.fixture
def filled(site: Project, disk: SmallDisk, request: pytest.FixtureRequest) -> Iterator[Server]:
    disk.fill(request.param)
    yield disk.server
    disk.empty()


@pytest.mark.parametrize("filled", [5, 0], indirect=True, ids=["for-the-image", "at-all"])
def test_no_space_left(site: Project, filled: Server) -> None:
    live, shown = filled.live("beacon"), beacon.version(filled)
    outcome = site.deploy().failed("docker system df")
    assert "no space left" in outcome.output.lower(), outcome
    beacon.expect_old_release(filled, live, shown)


def test_deploy_once_there_is_space(site: Project, disk: SmallDisk) -> None:
    live = disk.server.live("beacon")
    disk.empty()
    site.deploy().succeeded().says("is live")
    assert disk.server.live("beacon") > live
    assert beacon.version(disk.server)
    disk.server.expect_nothing_half_done("beacon")
