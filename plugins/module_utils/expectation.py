"""What must be true of one host after a deploy, by the inventory, in a form that the tests in tests/infra read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

PROXY_CONTAINER = "slipway-proxy"
MIGRATE = "migrate"
# go-units, RAMInBytes: what Docker and Compose accept, 1024 a step.
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_STEPS = ("", "k", "m", "g", "t", "p")


@dataclass(frozen=True)
class Confinement:
    """What a container may do and take. Capabilities without their prefix CAP_; `pids` 0 is no limit."""

    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    pids: int = 0
    cpus: float = 0.0
    shares: int = 0
    read_only: bool = False
    privileged: bool = False


@dataclass(frozen=True)
class ExpectedContainer:
    """A container as the inventory wants it. `memory` is bytes, 0 for no limit; `volumes` maps targets to sources.

    `kind` is process, service or proxy; `index` counts the replicas of a process from 1.
    """

    id: str
    kind: str
    name: str
    index: int = 1
    image: str = ""
    restart: str = "no"
    memory: int = 0
    log_driver: str = ""
    log_options: dict[str, str] = field(default_factory=dict)
    has_health_check: bool | None = None
    security_options: tuple[str, ...] = ()
    volumes: dict[str, str] = field(default_factory=dict)
    user: str = ""
    config: str = ""
    aliases: tuple[str, ...] = ()
    confinement: Confinement | None = None

    @property
    def stays_up(self) -> bool:
        """Whether the container runs for good; one with another restart policy may have done its work."""
        return self.restart in ("always", "unless-stopped")


def size_in_bytes(value: Any) -> int:
    """Bytes in a size as Compose writes it (`512m`, `1.5gb`, 1048576). Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"not a size: {value!r}")
    return int(float(match[1]) * 1024 ** _STEPS.index(match[2].lower()))


def _unescape(value: str) -> str:
    """A rendered project has every `$` doubled for Compose."""
    return value.replace("$$", "$")


def _volumes(definition: dict[str, Any]) -> dict[str, str]:
    found = {}
    for volume in definition.get("volumes") or []:
        if isinstance(volume, dict):
            if volume.get("type", "volume") == "volume" and volume.get("source"):
                found[str(volume["target"])] = str(volume["source"])
        elif ":" in str(volume):
            source, target = str(volume).split(":")[:2]
            if not source.startswith((".", "/", "~")):
                found[target] = source
    return {_unescape(target): _unescape(source) for target, source in found.items()}


def _aliases(definition: dict[str, Any]) -> tuple[str, ...]:
    networks = definition.get("networks")
    options = networks.get("default") if isinstance(networks, dict) else None
    return tuple((options or {}).get("aliases") or ())


def _capabilities(names: Any) -> tuple[str, ...]:
    return tuple(sorted(str(name).upper().removeprefix("CAP_") for name in names or ()))


def _confinement(definition: dict[str, Any], limits: dict[str, Any]) -> Confinement:
    return Confinement(
        dropped=_capabilities(definition.get("cap_drop")),
        added=_capabilities(definition.get("cap_add")),
        pids=int(definition.get("pids_limit") or limits.get("pids") or 0),
        cpus=float(definition.get("cpus") or limits.get("cpus") or 0),
        shares=int(definition.get("cpu_shares") or 0),
        read_only=bool(definition.get("read_only", False)),
        privileged=bool(definition.get("privileged", False)),
    )


def _health_check(definition: dict[str, Any]) -> bool | None:
    """Whether there is a health check; None where the image decides."""
    check = definition.get("healthcheck")
    if check is None:
        return None
    test = check.get("test")
    if check.get("disable") or test in (["NONE"], "NONE"):
        return False
    return True if test else None


def expected_container(kind: str, name: str, definition: dict[str, Any], **more: Any) -> ExpectedContainer:
    """What a Compose service definition says of its container."""
    limits = ((definition.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    logging = definition.get("logging") or {}
    options = {str(key): _unescape(str(value)) for key, value in (logging.get("options") or {}).items()}
    labels = definition.get("labels")
    given: dict[str, Any] = {
        "id": name,
        "image": str(definition.get("image", "")),
        "restart": str(definition.get("restart", "no")),
        "memory": size_in_bytes(definition.get("mem_limit") or limits.get("memory") or 0),
        "log_driver": str(logging.get("driver", "")),
        "log_options": options,
        "has_health_check": _health_check(definition),
        "security_options": tuple(str(option) for option in definition.get("security_opt") or ()),
        "volumes": _volumes(definition),
        "user": str(definition.get("user", "")),
        "config": str(labels.get("slipway.config", "")) if isinstance(labels, dict) else "",
        "aliases": _aliases(definition),
        "confinement": _confinement(definition, limits),
    }
    return ExpectedContainer(kind=kind, name=name, **(given | more))


def expected_processes(compose: dict[str, Any], image: str) -> list[ExpectedContainer]:
    """The containers of a release, from its rendered project; the migration's is not one that stays."""
    found = []
    for name, definition in compose.get("services", {}).items():
        if name == MIGRATE:
            continue
        for index in range(1, int((definition.get("deploy") or {}).get("replicas", 1)) + 1):
            more = {"id": f"{name}-{index}", "index": index, "image": image}
            found.append(expected_container("process", name, definition, **more))
    return found


def expected_services(compose: dict[str, Any]) -> list[ExpectedContainer]:
    """The containers of the data services, from their rendered project."""
    return [expected_container("service", name, each) for name, each in compose.get("services", {}).items()]


def container_of(
    wanted: ExpectedContainer, release: int, application: str, found: list[dict[str, Any]]
) -> dict[str, Any]:
    """The `docker inspect` of the container that is meant, {} when there is none."""
    matching = []
    for data in found:
        labels = data["Config"].get("Labels") or {}
        if wanted.kind == "proxy":
            fits = data["Name"].lstrip("/") == PROXY_CONTAINER
        elif labels.get("slipway.app") != application:
            fits = False
        elif wanted.kind == "process":
            fits = labels.get("slipway.process") == wanted.name and labels.get("slipway.release") == str(release)
        else:
            fits = bool(labels.get("slipway.service")) and labels.get("com.docker.compose.service") == wanted.name
        if fits:
            matching.append((int(labels.get("com.docker.compose.container-number") or 1), data))
    matching.sort(key=lambda pair: pair[0])
    return matching[wanted.index - 1][1] if len(matching) >= wanted.index else {}
