"""Where volumes are mounted, and what a server is told for it. The script itself runs on servers of tests/clouds."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.volume_mount import is_place, mount_script

DEVICE = "/dev/disk/by-id/scsi-0DO_Volume_web-1-data"


@pytest.mark.parametrize("place", ["/var/lib/docker", "/srv/data", "/mnt/data", "/data", "/home/shop"])
def test_places(place: str) -> None:
    assert is_place(place)


@pytest.mark.parametrize(
    "place", ["", "/", "data", "/srv", "/var/lib", "/etc/data", "/usr", "/srv/../etc", "/srv/a b", "/srv/", "/srv//a"]
)
def test_no_places(place: str) -> None:
    assert not is_place(place)


def test_docker_waits_for_its_own_data_alone() -> None:
    script = mount_script(DEVICE, "/var/lib/docker")
    assert "x-systemd.before=docker.service,x-systemd.required-by=docker.service" in script
    assert "required-by" not in mount_script(DEVICE, "/srv/data")


@pytest.mark.parametrize("place", ["/var/lib/docker", "/srv/data"])
def test_it_is_a_shell_s(place: str) -> None:
    assert subprocess.run(["sh", "-n", "-c", mount_script(DEVICE, place)], check=False).returncode == 0
