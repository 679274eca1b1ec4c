"""The points of the CIS Docker Benchmark (v1.6.0) on host, daemon, files and running containers, as checks of our own.

Numbers are the benchmark's, words ours. A point that is not met has its reason in `WHY`; one without is a fault. Points
that are about what people do, and have no state to look at, are told in docs/security.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

Facts = Mapping[str, Any]
PROXY_PORTS = {"80/tcp", "443/tcp", "443/udp"}
SENSITIVE = ("/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr")
MET, NOT_MET, NOT_APPLICABLE = "met", "not met", "not applicable"


@dataclass(frozen=True)
class Point:
    """One point: `found` says what is wrong, '' when it is met; None when it does not apply."""

    number: str
    title: str
    check: Callable[[Facts], str | None]

    def outcome(self, facts: Facts) -> tuple[str, str]:
        found = self.check(facts)
        return (NOT_APPLICABLE, "") if found is None else (NOT_MET, found) if found else (MET, "")


# --- host ---


def _audited(path: str) -> Callable[[Facts], str | None]:
    """By a rule for it, or for a folder that it lies in (auditctl(8), -w)."""
    places = {path, *map(str, PurePath(path).parents)}

    def check(facts: Facts) -> str | None:
        if facts["paths"].get(path, {"": 0}) is None:
            return None
        watched = {line.split()[1] for line in facts["audit"].splitlines() if line.startswith("-w ")}
        return "" if watched & places else "no audit rule"

    return check


def _partition(facts: Facts) -> str:
    return "" if facts["mount"] == "/var/lib/docker" else f"lies on {facts['mount']}"


def _group(facts: Facts) -> str:
    return ", ".join(facts["docker_group"])


# --- daemon ---


def _option(name: str, wanted: Any, default: Any = None) -> Callable[[Facts], str]:
    def check(facts: Facts) -> str:
        found = facts["daemon"].get(name, default)
        return "" if found == wanted else f"{name} is {found}"

    return check


def _icc(facts: Facts) -> str:
    found = (facts["bridge"].get("Options") or {}).get("com.docker.network.bridge.enable_icc", "true")
    return "" if found == "false" else "containers on the default bridge may talk to each other"


def _insecure(facts: Facts) -> str:
    found = facts["info"].get("RegistryConfig", {}).get("InsecureRegistryCIDRs") or []
    more = [each for each in found if not each.startswith(("127.", "::1"))]
    return ", ".join([*more, *(facts["daemon"].get("insecure-registries") or [])])


def _no_tcp(facts: Facts) -> str | None:
    hosts = [each for each in [*facts["arguments"], *facts["daemon"].get("hosts", [])] if each.startswith("tcp:")]
    return f"listens on {hosts[0]}" if hosts else None


def _security_option(name: str) -> Callable[[Facts], str]:
    def check(facts: Facts) -> str:
        found = [each for each in facts["info"].get("SecurityOptions") or [] if f"name={name}" in each]
        return "" if found else f"no {name}"

    return check


def _seccomp(facts: Facts) -> str:
    found = [each for each in facts["info"].get("SecurityOptions") or [] if "name=seccomp" in each]
    return "" if found and "profile=unconfined" not in found[0] else "none"


def _live_restore(facts: Facts) -> str:
    return "" if facts["info"].get("LiveRestoreEnabled") else "off"


def _storage(facts: Facts) -> str:
    return "" if facts["info"].get("Driver") != "aufs" else "aufs"


def _experimental(facts: Facts) -> str:
    server = facts["version"].get("Server") or {}
    return "on" if server.get("Experimental") else ""


def _base_size(facts: Facts) -> str:
    return ", ".join(each for each in facts["daemon"].get("storage-opts", []) if "basesize" in each)


def _se_linux(facts: Facts) -> str | None:
    if not any("selinux" in each for each in facts["info"].get("SecurityOptions") or []):
        return None
    return _each(_confined("label"))(facts)


def _cgroup_parent(facts: Facts) -> str:
    parent = facts["daemon"].get("cgroup-parent", "")
    return f"cgroup-parent is {parent}" if parent else ""


# --- files ---


def _file(path: str, most: int, group: str = "root") -> Callable[[Facts], str | None]:
    def check(facts: Facts) -> str | None:
        found = facts["paths"].get(path)
        return None if found is None else _mode(found, most, group)

    return check


def _mode(found: Mapping[str, Any], most: int, group: str) -> str:
    problems = []
    if found["mode"] & ~most:
        problems.append(f"mode {found['mode']:04o}")
    if found["owner"] != "root" or found["group"] not in ("root", group):
        problems.append(f"owner {found['owner']}:{found['group']}")
    return ", ".join(problems)


def _certificates(facts: Facts) -> str | None:
    bad = [each for each in facts["certificates"] if _mode(facts["paths"][each], 0o644, "root")]
    return ", ".join(bad) if facts["certificates"] else None


# --- containers ---


def _each(problem: Callable[[Mapping[str, Any]], str]) -> Callable[[Facts], str | None]:
    """A check of every running container."""

    def check(facts: Facts) -> str | None:
        found = [(each["Name"].lstrip("/"), problem(each)) for each in facts["containers"]]
        return "; ".join(f"{name}: {text}" for name, text in found if text) if found else None

    return check


def _host(name: str, *good: Any) -> Callable[[Facts], str | None]:
    def problem(container: Mapping[str, Any]) -> str:
        found = container["HostConfig"].get(name)
        return "" if found in good else f"{name} is {found}"

    return _each(problem)


def _capabilities(container: Mapping[str, Any]) -> str:
    host = container["HostConfig"]
    dropped = [each.upper().removeprefix("CAP_") for each in host.get("CapDrop") or []]
    return "" if "ALL" in dropped else "keeps Docker's default capabilities"


def _confined(name: str) -> Callable[[Mapping[str, Any]], str]:
    def problem(container: Mapping[str, Any]) -> str:
        options = [each.replace("=", ":") for each in container["HostConfig"].get("SecurityOpt") or []]
        return f"{name} is off" if f"{name}:unconfined" in options else ""

    return problem


def _app_armor(facts: Facts) -> str | None:
    if not any("apparmor" in each for each in facts["info"].get("SecurityOptions") or []):
        return None
    return _each(lambda each: "" if each.get("AppArmorProfile") not in ("", "unconfined") else "no profile")(facts)


def _no_new_privileges(container: Mapping[str, Any]) -> str:
    options = [each.replace("=", ":") for each in container["HostConfig"].get("SecurityOpt") or []]
    return "" if "no-new-privileges" in options or "no-new-privileges:true" in options else "may gain privileges"


def _mounts(container: Mapping[str, Any]) -> str:
    return ", ".join(each["Source"] for each in container["Mounts"] if each.get("Source") in SENSITIVE)


def _socket(container: Mapping[str, Any]) -> str:
    return ", ".join(each["Source"] for each in container["Mounts"] if str(each.get("Source")).endswith("docker.sock"))


def _propagation(container: Mapping[str, Any]) -> str:
    return ", ".join(each["Source"] for each in container["Mounts"] if each.get("Propagation") == "shared")


def _no_sshd(facts: Facts) -> str | None:
    found = [each for each, programs in facts["programs"].items() if "sshd" in programs]
    return ", ".join(found) if facts["programs"] else None


def _published(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for port, bindings in (container["HostConfig"].get("PortBindings") or {}).items():
        for binding in bindings or []:
            yield f"{binding['HostPort']}/{port.partition('/')[2]}", binding.get("HostIp") or ""


def _low_ports(container: Mapping[str, Any]) -> str:
    return ", ".join(port for port, _ in _published(container) if int(port.partition("/")[0]) < 1024)


def _needed_ports(container: Mapping[str, Any]) -> str:
    return ", ".join(port for port, address in _published(container) if port not in PROXY_PORTS and not address)


def _bound(container: Mapping[str, Any]) -> str:
    return ", ".join(port for port, address in _published(container) if address in ("", "0.0.0.0", "::"))


def _restart(container: Mapping[str, Any]) -> str:
    policy = container["HostConfig"]["RestartPolicy"]
    good = policy["Name"] in ("", "no") or (policy["Name"] == "on-failure" and policy["MaximumRetryCount"] <= 5)
    return "" if good else policy["Name"]


def _health(container: Mapping[str, Any]) -> str:
    return "" if (container["State"].get("Health") or {}).get("Status") else "no health check"


def _default_bridge(container: Mapping[str, Any]) -> str:
    return "on docker0" if "bridge" in container["NetworkSettings"]["Networks"] else ""


def _swarm(facts: Facts) -> str:
    state = facts["info"].get("Swarm", {}).get("LocalNodeState", "inactive")
    return "" if state == "inactive" else state


_AUDITED = {
    "1.1.3": "/usr/bin/dockerd",
    "1.1.4": "/run/containerd",
    "1.1.5": "/var/lib/docker",
    "1.1.6": "/etc/docker",
    "1.1.7": "/usr/lib/systemd/system/docker.service",
    "1.1.8": "/run/containerd/containerd.sock",
    "1.1.9": "/usr/lib/systemd/system/docker.socket",
    "1.1.10": "/etc/default/docker",
    "1.1.11": "/etc/docker/daemon.json",
    "1.1.12": "/etc/containerd/config.toml",
    "1.1.13": "/etc/sysconfig/docker",
    "1.1.14": "/usr/bin/containerd",
    "1.1.15": "/usr/bin/containerd-shim",
    "1.1.16": "/usr/bin/containerd-shim-runc-v1",
    "1.1.17": "/usr/bin/containerd-shim-runc-v2",
    "1.1.18": "/usr/bin/runc",
}

POINTS = (
    Point("1.1.1", "Docker's data on a partition of its own", _partition),
    Point("1.1.2", "nobody in the group docker", _group),
    *(Point(number, f"{path} is audited", _audited(path)) for number, path in _AUDITED.items()),
    Point("2.1", "the daemon runs without root", _security_option("rootless")),
    Point("2.2", "no traffic between containers on the default bridge", _icc),
    Point("2.3", "log level info", _option("log-level", "info", "info")),
    Point("2.4", "Docker may set its iptables rules", _option("iptables", True, True)),
    Point("2.5", "no insecure registry", _insecure),
    Point("2.6", "no aufs", _storage),
    Point("2.7", "TLS where the daemon listens on TCP", _no_tcp),
    Point(
        "2.8",
        "default limits of open files and processes",
        lambda facts: "" if facts["daemon"].get("default-ulimits") else "no default-ulimits",
    ),
    Point("2.9", "user namespaces", _security_option("userns")),
    Point("2.10", "the default cgroup parent", _cgroup_parent),
    Point("2.11", "base device size left alone", _base_size),
    Point(
        "2.12",
        "authorization of client commands",
        lambda facts: "" if facts["daemon"].get("authorization-plugins") else "none",
    ),
    Point(
        "2.13",
        "logs are sent elsewhere",
        lambda facts: (
            ""
            if facts["info"].get("LoggingDriver") not in ("json-file", "local")
            else facts["info"].get("LoggingDriver", "")
        ),
    ),
    Point("2.14", "no new privileges by default", _option("no-new-privileges", True)),
    Point("2.15", "live-restore", _live_restore),
    Point("2.16", "no userland proxy", _option("userland-proxy", False)),
    Point("2.17", "a seccomp profile for all containers", _seccomp),
    Point("2.18", "no experimental features", _experimental),
    Point("3.1-3.2", "docker.service: root's, 0644", _file("/usr/lib/systemd/system/docker.service", 0o644)),
    Point("3.3-3.4", "docker.socket: root's, 0644", _file("/usr/lib/systemd/system/docker.socket", 0o644)),
    Point("3.5-3.6", "/etc/docker: root's, 0755", _file("/etc/docker", 0o755)),
    Point("3.7-3.8", "registries' certificates: root's, no more than 0644", _certificates),
    Point("3.9-3.14", "certificates of a daemon on TCP", _no_tcp),
    Point("3.15-3.16", "docker.sock: root's, 0660", _file("/var/run/docker.sock", 0o660, "docker")),
    Point("3.17-3.18", "daemon.json: root's, 0644", _file("/etc/docker/daemon.json", 0o644)),
    Point("3.19-3.20", "/etc/default/docker: root's, 0644", _file("/etc/default/docker", 0o644)),
    Point("3.21-3.22", "/etc/sysconfig/docker: root's, 0644", _file("/etc/sysconfig/docker", 0o644)),
    Point("3.23-3.24", "containerd.sock: root's, 0660", _file("/run/containerd/containerd.sock", 0o660)),
    Point("5.1", "no Swarm where none is needed", _swarm),
    Point("5.2", "an AppArmor profile", _app_armor),
    Point("5.3", "SELinux options", _se_linux),
    Point("5.4", "no capability but the named ones", _each(_capabilities)),
    Point("5.5", "no privileged container", _host("Privileged", False)),
    Point("5.6", "no folder of the system mounted", _each(_mounts)),
    Point("5.7", "no sshd in a container", _no_sshd),
    Point("5.8", "no port below 1024 published", _each(_low_ports)),
    Point("5.9", "only needed ports published", _each(_needed_ports)),
    Point(
        "5.10",
        "not the host's network",
        _each(lambda each: "" if each["HostConfig"]["NetworkMode"] != "host" else "the host's network"),
    ),
    Point("5.11", "memory is limited", _each(lambda each: "" if each["HostConfig"].get("Memory") else "no limit")),
    Point(
        "5.12",
        "processor time is limited",
        _each(
            lambda each: (
                ""
                if each["HostConfig"].get("NanoCpus") or each["HostConfig"].get("CpuShares")
                else "no limit, no share"
            )
        ),
    ),
    Point("5.13", "read-only root file system", _host("ReadonlyRootfs", True)),
    Point("5.14", "ports bound to one address", _each(_bound)),
    Point("5.15", "restarts at most five times", _each(_restart)),
    Point("5.16", "not the host's processes", _host("PidMode", "")),
    Point("5.17", "not the host's IPC", _host("IpcMode", "private", "", "none")),
    Point("5.18", "no device of the host", _host("Devices", None, [])),
    Point("5.20", "no mount that propagates", _each(_propagation)),
    Point("5.21", "not the host's name", _host("UTSMode", "")),
    Point("5.22", "Docker's seccomp profile is on", _each(_confined("seccomp"))),
    Point("5.25", "the daemon's cgroup", _host("CgroupParent", "")),
    Point("5.26", "no new privileges", _each(_no_new_privileges)),
    Point("5.27", "a health check", _each(_health)),
    Point(
        "5.29",
        "a limit of processes",
        _each(lambda each: "" if (each["HostConfig"].get("PidsLimit") or 0) > 0 else "no limit"),
    ),
    Point("5.30", "not on the default bridge", _each(_default_bridge)),
    Point("5.31", "not the host's user namespace", _host("UsernsMode", "")),
    Point("5.32", "no Docker socket inside", _each(_socket)),
)

_NO_AUDIT = (
    "Role baseline writes the rule where auditd runs (baseline_packages: [auditd]). A container, as the sandbox's "
    "servers are, shares its host's kernel and takes none."
)
WHY = {
    **dict.fromkeys(_AUDITED, _NO_AUDIT),
    "1.1.1": "A VPS has one disk; a volume of the provider can be mounted there before. doctor watches the space.",
    "2.1": "Rootless Docker publishes ports through user space, which costs throughput and the visitor's address.",
    "2.9": "Its mapping is one for all containers and moves /var/lib/docker; containers run without capabilities and, "
    "where the image allows it, without root.",
    "2.12": "The socket is root's alone, and no TCP is listened on: who may use it is root already.",
    "2.18": "The sandbox's engine is a Docker 26, whose rules for IPv6 are an experiment; since 27 none is needed.",
    "2.13": "Logs are rotated on the server; where they go is the user's choice (docker_daemon_options: log-driver).",
    "5.8": "Visitors come to 80 and 443: the proxy, without capabilities but that of low ports.",
    "5.14": "The proxy answers on all of the server's addresses. Data services are bound to the private one.",
    "5.13": "Elasticsearch makes its keystore beside its settings at the start; else it writes to its volume alone.",
    "5.27": "Slipway asks the web process from the host, with the health path; an image needs no curl for it. A worker "
    "has nothing to ask: it is believed when it stays up.",
    "5.15": "A server must serve again after a reboot or a night without its database, with Docker's growing pauses "
    "between restarts. A release that cannot start is noticed and taken back.",
}
