"""Each point of the benchmark tells a good engine from a bad one, and what lynis did not give is counted."""

from __future__ import annotations

from typing import Any

from tests.audits.auditors import missing_points
from tests.audits.docker_points import MET, NOT_APPLICABLE, NOT_MET, POINTS, WHY

ROOTS = {"mode": 0o644, "owner": "root", "group": "root", "folder": False}
GOOD_HOST: dict[str, Any] = {
    "Privileged": False,
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges:true"],
    "NetworkMode": "shop",
    "Memory": 1,
    "NanoCpus": 1,
    "PidsLimit": 100,
    "ReadonlyRootfs": True,
    "PidMode": "",
    "IpcMode": "private",
    "UTSMode": "",
    "UsernsMode": "",
    "CgroupParent": "",
    "Devices": [],
    "PortBindings": {},
    "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5},
}
BAD_HOST: dict[str, Any] = {
    "Privileged": True,
    "CapDrop": [],
    "SecurityOpt": ["seccomp=unconfined"],
    "NetworkMode": "host",
    "Memory": 0,
    "NanoCpus": 0,
    "PidsLimit": None,
    "ReadonlyRootfs": False,
    "PidMode": "host",
    "IpcMode": "host",
    "UTSMode": "host",
    "UsernsMode": "host",
    "CgroupParent": "/mine",
    "Devices": [{"PathOnHost": "/dev/sda"}],
    "PortBindings": {"80/tcp": [{"HostPort": "81", "HostIp": ""}]},
    "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
}


def facts(good: bool) -> dict[str, Any]:
    mount = {"Source": "/var/lib/docker/volumes/x" if good else "/etc", "Propagation": "" if good else "shared"}
    mounts = [mount] if good else [mount, {"Source": "/run/docker.sock"}]
    container = {
        "Name": "/web",
        "HostConfig": GOOD_HOST if good else BAD_HOST,
        "AppArmorProfile": "docker-default" if good else "",
        "Mounts": mounts,
        "State": {"Health": {"Status": "healthy"}} if good else {},
        "NetworkSettings": {"Networks": {"shop": {}} if good else {"bridge": {}}},
    }
    options = [
        "name=apparmor",
        "name=selinux",
        *(["name=rootless", "name=userns", "name=seccomp,profile=builtin"] if good else []),
    ]
    daemon = {"no-new-privileges": True, "userland-proxy": False, "default-ulimits": {}, "authorization-plugins": ["x"]}
    bad_daemon = {
        "iptables": False,
        "log-level": "debug",
        "insecure-registries": ["10.0.0.1"],
        "cgroup-parent": "x",
        "storage-opts": ["dm.basesize=20G"],
    }
    path = {**ROOTS, "mode": 0o640} if good else {**ROOTS, "mode": 0o777}
    paths = dict.fromkeys([*AUDITED, "/var/run/docker.sock", "/etc/docker/certs.d/x/ca.crt"], path)
    return {
        "info": {
            "SecurityOptions": options,
            "LiveRestoreEnabled": good,
            "Driver": "overlay2" if good else "aufs",
            "LoggingDriver": "journald" if good else "json-file",
            "Swarm": {"LocalNodeState": "inactive" if good else "active"},
            "RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8"]},
        },
        "version": {"Server": {"Experimental": not good}},
        "daemon": {**daemon, "default-ulimits": {"nofile": {}}} if good else bad_daemon,
        "arguments": ["/usr/bin/dockerd", *([] if good else ["tcp://0.0.0.0:2375"])],
        "containers": [container],
        "bridge": {"Options": {"com.docker.network.bridge.enable_icc": "false"} if good else {}},
        "programs": {"abc": ["python"] if good else ["sshd"]},
        "paths": paths,
        "certificates": ["/etc/docker/certs.d/x/ca.crt"],
        "docker_group": [] if good else ["ann"],
        "audit": "".join(f"-w {name} -p rwxa -k docker\n" for name in AUDITED) if good else "",
        "mount": "/var/lib/docker" if good else "/",
    }


AUDITED = [point.title.partition(" ")[0] for point in POINTS if point.title.endswith("is audited")]


def test_a_good_engine_meets_every_point_that_applies() -> None:
    found = {point.number: point.outcome(facts(True)) for point in POINTS}
    # No TCP is listened on, so its certificates do not apply.
    assert {number for number, (state, _) in found.items() if state == NOT_APPLICABLE} == {"2.7", "3.9-3.14"}
    assert {number: text for number, (state, text) in found.items() if state == NOT_MET} == {}


def test_a_bad_engine_meets_none() -> None:
    found = {point.number: point.outcome(facts(False))[0] for point in POINTS}
    # No label of SELinux is switched off in that container.
    assert {number for number, state in found.items() if state == MET} <= {"5.3"}


def test_every_reason_is_one_of_a_point() -> None:
    assert set(WHY) <= {point.number for point in POINTS}


def test_points_that_lynis_does_not_give() -> None:
    log = """Performing test ID A-1 (One thing)
    Hardening: assigned maximum number (3). Currently having 3 points (out of 3)
    Performing test ID B-2 (Another thing)
    Hardening: assigned partial number (1 of 3). Currently having 4 points (out of 6)
    Hardening: assigned partial number (0 of 1). Currently having 4 points (out of 7)"""
    assert missing_points(log) == {"B-2 Another thing": 3}


def test_a_file_is_audited_by_a_rule_for_its_folder() -> None:
    point = next(point for point in POINTS if point.title.startswith("/etc/docker/daemon.json"))
    for rule, outcome in (("/etc/docker", MET), ("/etc/docker-other", NOT_MET)):
        assert point.outcome({**facts(True), "audit": f"-w {rule} -p wa -k slipway\n"})[0] == outcome
