"""What each container may do and take: capabilities, processes, processor, files, and nothing of the host."""

from checks import each, expect, inspected, require, show, the_world

WORLD = the_world()
CONTAINERS, COMPARED = WORLD.containers, WORLD.compared
# Each mode that would give a container a namespace of the host's (docker-run(1)).
SHARED = ("PidMode", "NetworkMode", "UTSMode", "UsernsMode", "IpcMode")


def _host(container):
    return inspected(container)["HostConfig"]


def _names(capabilities):
    return sorted(name.upper().removeprefix("CAP_") for name in capabilities or [])


@each("container", COMPARED)
def test_has_its_capabilities_alone(container):
    host, wanted = _host(container), container.wanted.confinement
    expect(_names(host.get("CapDrop")), list(wanted.dropped), f"{container.name}, dropped")
    expect(_names(host.get("CapAdd")), list(wanted.added), f"{container.name}, added")


@each("container", [subject for subject in COMPARED if subject.wanted.confinement.pids > 0])
def test_has_its_limit_of_processes(container):
    expect(_host(container).get("PidsLimit") or 0, container.wanted.confinement.pids, container.name)


@each("container", [each for each in COMPARED if each.wanted.confinement.cpus or each.wanted.confinement.shares])
def test_has_its_share_of_the_processor(container):
    host, wanted = _host(container), container.wanted.confinement
    if wanted.cpus:
        expect((host.get("NanoCpus") or 0) / 1e9, wanted.cpus, f"{container.name}, processors")
    if wanted.shares:
        expect(host.get("CpuShares"), wanted.shares, f"{container.name}, shares")


@each("container", COMPARED)
def test_writes_where_it_may(container):
    expect(
        bool(_host(container)["ReadonlyRootfs"]), container.wanted.confinement.read_only, f"{container.name}, read-only"
    )


@each("container", CONTAINERS)
def test_has_nothing_of_the_host(container):
    host = _host(container)
    shared = [name for name in SHARED if str(host.get(name, "")).startswith("host")]
    require(not shared, "no namespace of the host's", show(shared), container.name)


@each("container", CONTAINERS)
def test_is_confined_by_seccomp(container):
    options = [option.replace("=", ":") for option in _host(container).get("SecurityOpt") or []]
    require("seccomp:unconfined" not in options, "Docker's seccomp profile, or a stricter one", "none", container.name)


@each("container", CONTAINERS)
def test_has_no_folder_of_the_system(container):
    sensitive = ("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/sys", "/usr", "/var/lib/docker", "/var/run")
    found = [mount["Source"] for mount in inspected(container)["Mounts"] if mount.get("Source") in sensitive]
    require(not found, "no folder of the system's mounted", show(found), container.name)


@each("container", CONTAINERS)
def test_does_not_run_on_the_default_bridge(container):
    networks = sorted(inspected(container)["NetworkSettings"]["Networks"])
    require("bridge" not in networks, "networks of applications alone", show(networks), container.name)
