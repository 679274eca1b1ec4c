"""An application as its inventory file (inventory/<env>/apps/<app>.yml) describes it, and what may stand there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .duration import parse_duration
from .site import Tls, build_tls

# RFC 1123, section 2.1: letters, digits and hyphens; it becomes part of container and network names, hence the length.
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
RESERVED_NAMES = ("proxy", "server", "slipway-proxy", "localhost", "default", "bridge", "host", "none")
WEB = "web"
APP_GROUP, DATA_GROUP, BUILDER_GROUP = "app", "data", "builder"

KEYS = {
    "image": "an image name without a tag or with one, such as registry.example.com/acme/shop",
    "tag": "an image tag",
    "build": "a mapping with context, and if wanted dockerfile, target, args, platform",
    "domains": "a list of domain names",
    "dns_check": "true or false: whether the domains' records must point to the servers",
    "redirects": "a list of domain names that are sent on to the first of domains",
    "tls": "automatic, internal, off, or a mapping with certificate and key",
    "proxy": "a mapping with headers, hsts, body_limit, compression, directives",
    "port": "the port on which the web process listens, 1 to 65535",
    "health": "a path that starts with /",
    "health_timeout": "a duration such as 60s",
    "drain_timeout": "a duration such as 30s",
    "environment": "a mapping of names to plain values",
    "secrets": "a mapping of names to values",
    "migrate": "a mapping with command",
    "processes": "a mapping of process names to Compose service definitions",
    "services": "a mapping of service names to Compose service definitions or presets",
    "hooks": "a mapping with before_release, after_release, on_failure",
}
# Containers of a release that run once and end.
MIGRATE, HOOK_PREFIX = "migrate", "hook-"
# What may stand beside `preset:` of a data service.
SETTINGS = ("database", "user", "password", "nodes")
HOOKS = ("before_release", "after_release", "on_failure")
BUILD_KEYS = ("context", "dockerfile", "target", "args", "platform")
# What Slipway deploys to, as buildx names it.
PLATFORMS = ("linux/amd64", "linux/arm64")
# Slipway decides these for every container that it starts; a user's value would break finding it again.
MANAGED_KEYS = (
    "image",
    "container_name",
    "build",
    "secrets",
    "scale",
    "profiles",
    "network_mode",
    "external_links",
    "links",
    "extends",
)


@dataclass(frozen=True)
class Process:
    """A process of the application: the Compose service definition that the user wrote."""

    name: str
    definition: dict[str, Any]

    @property
    def is_web(self) -> bool:
        return self.name == WEB

    @property
    def replicas(self) -> int:
        return int((self.definition.get("deploy") or {}).get("replicas", 1))


@dataclass(frozen=True)
class Service:
    """A data service: a preset's name ('' for none), what the preset is given, and the user's Compose keys over it."""

    name: str
    preset: str
    settings: dict[str, Any]
    definition: dict[str, Any]


@dataclass(frozen=True)
class Application:
    """A valid application.

    Durations are seconds. Secrets are values in memory: they go into root-only files and nowhere else.
    """

    name: str
    image: str
    tag: str = ""
    build: dict[str, Any] | None = None
    domains: tuple[str, ...] = ()
    dns_check: bool = True
    redirects: tuple[str, ...] = ()
    tls: Tls = field(default_factory=Tls)
    proxy: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    health: str = "/health"
    health_timeout: float = 60.0
    drain_timeout: float = 30.0
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    migrate: dict[str, Any] | None = None
    processes: tuple[Process, ...] = ()
    services: tuple[Service, ...] = ()
    hooks: dict[str, Any] = field(default_factory=dict)

    @property
    def web(self) -> Process | None:
        return next((process for process in self.processes if process.is_web), None)

    @property
    def services_project(self) -> str:
        return f"{self.name}-services"

    def release_project(self, number: int) -> str:
        return f"{self.name}-r{number}"

    def upstream(self, number: int) -> str:
        """The name under which the proxy finds the web containers of one release on the application's network."""
        return f"{self.release_project(number)}-{WEB}"

    def processes_on(self, host: str, groups: dict[str, list[str]]) -> list[Process]:
        """The processes that run on a host: all of them, unless the inventory has a group of the process's own name."""
        return [process for process in self.processes if host in groups.get(process.name, [host])]


def plain(value: Any) -> str:
    """A setting as an environment variable's text: YAML's true and 1.0 as Compose's users expect them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def build_application(name: str, data: dict[str, Any]) -> Application:
    """The Application of validated data (see validation.py: call it first)."""
    processes = data.get("processes") or {}
    services = data.get("services") or {}
    return Application(
        name=name,
        image=str(data["image"]),
        tag=plain(data.get("tag") or ""),
        build=data.get("build"),
        domains=tuple(data.get("domains") or ()),
        dns_check=data.get("dns_check", True),
        redirects=tuple(data.get("redirects") or ()),
        tls=build_tls(data.get("tls")),
        proxy=data.get("proxy") or {},
        port=int(data.get("port") or 0),
        health=data.get("health") or "/health",
        health_timeout=parse_duration(data.get("health_timeout", 60)),
        drain_timeout=parse_duration(data.get("drain_timeout", 30)),
        environment={key: plain(value) for key, value in (data.get("environment") or {}).items()},
        secrets={key: plain(value) for key, value in (data.get("secrets") or {}).items()},
        migrate=data.get("migrate"),
        processes=tuple(Process(key, dict(value or {})) for key, value in processes.items()),
        services=tuple(
            Service(
                name=key,
                preset=value.get("preset") or "",
                settings={k: v if k == "nodes" else plain(v) for k, v in value.items() if k in SETTINGS},
                definition={k: v for k, v in value.items() if k not in ("preset", *SETTINGS)},
            )
            for key, value in services.items()
        ),
        hooks=data.get("hooks") or {},
    )
