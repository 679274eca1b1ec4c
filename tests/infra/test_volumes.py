"""Volumes: there, labelled, and mounted where the data lies."""

from checks import each, expect, inspected, require, show, the_world

WORLD = the_world()
OURS = [subject for subject in WORLD.containers if subject.wanted.kind != "proxy"]
VOLUMES = sorted({source for subject in OURS for source in subject.wanted.volumes.values()})


@each("volume", VOLUMES)
def test_volume_is_there_and_labelled(volume):
    found = WORLD.facts["volumes"].get(volume)
    require(bool(found), f"a volume {volume}", "none")
    expect((found.get("Labels") or {}).get("slipway.app"), WORLD.application, "its label slipway.app")


@each("container", [subject for subject in OURS if subject.wanted.volumes])
def test_has_its_volumes_mounted(container):
    found = {
        mount["Destination"]: mount.get("Name") for mount in inspected(container)["Mounts"] if mount["Type"] == "volume"
    }
    for target, source in container.wanted.volumes.items():
        expect(found.get(target), source, f"{container.name}, {target}")


@each("container", [subject for subject in OURS if subject.wanted.kind == "service"])
def test_keeps_no_data_in_a_nameless_volume(container):
    mounts = [mount for mount in inspected(container)["Mounts"] if mount["Type"] == "volume"]
    nameless = [mount["Destination"] for mount in mounts if len(mount.get("Name", "")) == 64]
    require(not nameless, "named volumes alone: another one goes with its container", show(nameless), container.name)
