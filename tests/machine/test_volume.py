"""Docker's data on a block volume: there after each boot, and Docker waits for it instead of starting without."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.volume_mount import DOCKER, mount_script

from tests.machine.conftest import bare_machine
from tests.machine.powered import PoweredFleet, wait_until
from tests.sandbox import visitor

DEVICE = "/dev/disk/by-id/virtio-volume"
# No file system has it.
NOBODY = "00000000-0000-4000-8000-000000000000"
SOURCE = f"findmnt --noheadings --output SOURCE --target {DOCKER}"


@pytest.fixture(scope="module")
def fleet() -> PoweredFleet:
    return bare_machine("beacon")


def is_served(fleet: PoweredFleet) -> bool:
    return visitor.serves(fleet.first, "beacon.localhost")


@pytest.fixture(scope="module")
def mounted(fleet: PoweredFleet) -> str:
    """Before the first deploy, as provision.yml does it; what the script has said."""
    assert fleet.first.is_bare
    return fleet.first.run("sh -s", mount_script(DEVICE, DOCKER))


def test_an_empty_volume_is_formatted_and_mounted_once(mounted: str, fleet: PoweredFleet) -> None:
    assert mounted.split() == ["formatted", "mounted"]
    assert fleet.first.run("sh -s", mount_script(DEVICE, DOCKER)) == ""


def test_docker_keeps_its_data_there(mounted: str, fleet: PoweredFleet) -> None:
    fleet.deploy().succeeded().line_with("Release 1 is live")
    assert fleet.first.inside(SOURCE) == fleet.first.inside(f"readlink --canonicalize {DEVICE}")
    assert int(fleet.first.inside(f"du --summarize --block-size=1M {DOCKER}/overlay2").split()[0]) > 100


def test_systemd_mounts_it_at_boot(mounted: str, fleet: PoweredFleet) -> None:
    fleet.first.reboot()
    assert fleet.first.inside(SOURCE) == fleet.first.inside(f"readlink --canonicalize {DEVICE}")
    wait_until(lambda: is_served(fleet), "the page is not there")


def test_docker_does_not_start_without_it(mounted: str, fleet: PoweredFleet) -> None:
    host = fleet.first
    host.inside(f"sed --in-place=.before 's#^UUID=[^ ]* {DOCKER} #UUID={NOBODY} {DOCKER} #' /etc/fstab")
    host.reboot()
    assert host.ssh("systemctl is-active docker").stdout.strip() != "active"
    assert host.ssh(f"mountpoint --quiet {DOCKER}").returncode != 0
    # Who comes by SSH finds the reason, and Docker once the volume is there.
    fleet.deploy().failed(f"{host.name}: docker", "what it requires did not start, the mount of a volume perhaps")
    host.inside("mv /etc/fstab.before /etc/fstab")
    host.reboot()
    wait_until(lambda: is_served(fleet), "the page is not there")
    fleet.deploy().succeeded().line_with("Nothing to do.")
