"""Renders an application into Compose projects: one for its data services, one for each release.

`$` is data in an inventory (Ansible has its own variables), so each is doubled: Compose's interpolation sees none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .application import HOOK_PREFIX, MIGRATE, Application, Process, Service
from .container_defaults import container_defaults, merge, merge_definition
from .credentials import service_settings
from .fingerprint import fingerprint, secrets_fingerprint
from .presets import PRESETS, Preset

LABEL = "slipway"


@dataclass(frozen=True)
class ServicesProject:
    """The data services of an application on one host.

    `hashes` is the wanted state of each container, by its Compose name.
    """

    compose: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict)
    generated: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    hashes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReleaseProject:
    """A release on one host: `compose` lacks number, image and entrypoint, which the host fills in after the pull."""

    compose: dict[str, Any]
    config: str
    volumes: tuple[str, ...] = ()


def escape(value: Any) -> Any:
    """The value with every `$` doubled."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: escape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [escape(item) for item in value]
    return value


def _external_volumes(prefix: str, definition: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The definition with its named volumes renamed to external ones, and their names."""
    volumes, names = [], []
    for volume in definition.get("volumes") or []:
        entry = dict(volume) if isinstance(volume, dict) else str(volume)
        source = entry.get("source", "") if isinstance(entry, dict) else entry.split(":")[0] if ":" in entry else ""
        named = (
            bool(source)
            and not source.startswith((".", "/", "~"))
            and (not isinstance(entry, dict) or entry.get("type", "volume") == "volume")
        )
        if named:
            name = f"{prefix}-{source}"
            names.append(name)
            if isinstance(entry, dict):
                entry["source"] = name
            else:
                entry = f"{name}:{entry.split(':', 1)[1]}"
        volumes.append(entry)
    return ({**definition, "volumes": volumes} if volumes else definition), names


def _project(
    application: Application, name: str, services: dict[str, Any], volumes: list[str], secrets: list[str]
) -> dict[str, Any]:
    project: dict[str, Any] = {
        "name": name,
        "services": services,
        "networks": {"default": {"name": application.name, "external": True}},
    }
    if volumes:
        project["volumes"] = {volume: {"name": volume, "external": True} for volume in sorted(set(volumes))}
    if secrets:
        project["secrets"] = {secret: {"file": f"./secrets/{secret}"} for secret in sorted(set(secrets))}
    return project


def _expand(application: Application, service: Service) -> Preset:
    if not service.preset:
        # An entry is a port or a range of ports, perhaps with a protocol.
        ports = [int(re.split("[-/]", str(port))[0]) for port in service.definition.get("expose") or []]
        return Preset(containers={service.name: container_defaults()}, port=ports[0] if ports else 0)
    return PRESETS[service.preset](service.name, service_settings(application, service))


def volume_names(application: Application) -> set[str]:
    """The names on a host of all volumes of the application."""
    definitions = [(application.name, process.definition) for process in application.processes]
    if application.migrate:
        definitions.append((application.name, application.migrate))
    for service in application.services:
        for base in _expand(application, service).containers.values():
            definitions.append((f"{application.name}-{service.name}", merge_definition(base, service.definition)))
    return {name for prefix, definition in definitions for name in _external_volumes(prefix, definition)[1]}


def render_services(application: Application, bind_address: str = "") -> ServicesProject:
    """The data services.

    With `bind_address` (they run on a host of their own) their ports are bound to that private address.
    """
    containers: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    generated: list[str] = []
    volumes: list[str] = []
    hashes: dict[str, str] = {}
    for service in application.services:
        preset = _expand(application, service)
        given = preset.secrets | {name: application.secrets[name] for name in service.definition.get("secrets") or []}
        secrets |= given
        generated += preset.generated
        for name, base in preset.containers.items():
            definition = merge_definition(base, service.definition)
            if service.definition.get("secrets"):
                definition["secrets"] = [*base.get("secrets", []), *service.definition["secrets"]]
            definition, names = _external_volumes(f"{application.name}-{service.name}", definition)
            volumes += names
            if bind_address and preset.port and name == service.name:
                definition["ports"] = [f"{bind_address}:{preset.port}:{preset.port}"]
            own = {key: value for key, value in given.items() if key in definition.get("secrets", [])}
            hashes[name] = fingerprint([name, definition, secrets_fingerprint(f"{application.name}/{name}", own)])
            labels = {
                f"{LABEL}.app": application.name,
                f"{LABEL}.service": service.name,
                f"{LABEL}.config": hashes[name],
            }
            containers[name] = escape(merge(definition, {"labels": _label_mapping(definition) | labels}))
    compose = _project(application, application.services_project, containers, volumes, [*secrets, *generated])
    return ServicesProject(compose, secrets, tuple(generated), tuple(dict.fromkeys(volumes)), hashes)


def hook_process(name: str) -> str:
    """The process of a hook that runs in a container of the new image: `hook-before-release` for before_release."""
    return f"{HOOK_PREFIX}{name.replace('_', '-')}"


def _label_mapping(definition: dict[str, Any]) -> dict[str, Any]:
    labels = definition.get("labels") or {}
    if isinstance(labels, list):
        return dict(str(label).partition("=")[::2] for label in labels)
    return labels


def service_ports(application: Application) -> dict[str, int]:
    """The port of each data service, 0 where it is not known."""
    return {service.name: _expand(application, service).port for service in application.services}


def _process_definition(application: Application, process: Process, extra_hosts: dict[str, str]) -> dict[str, Any]:
    base = container_defaults()
    if extra_hosts:
        base["extra_hosts"] = [f"{name}:{address}" for name, address in sorted(extra_hosts.items())]
    definition = merge_definition(base, process.definition)
    own = definition.get("environment") or {}
    if isinstance(own, list):
        own = dict(str(entry).partition("=")[::2] for entry in own)
    definition["environment"] = {**application.environment, **own}
    if application.secrets:
        definition["secrets"] = sorted(application.secrets)
    return definition


def render_release(
    application: Application, processes: list[Process], extra_hosts: dict[str, str] | None = None
) -> ReleaseProject:
    """The release's project on a host that runs `processes`, still without number and image (see release_project.py).

    `config` is the fingerprint of the wanted state; `extra_hosts` maps data services on another host to its address.
    """
    containers: dict[str, Any] = {}
    volumes: list[str] = []
    wanted = list(processes)
    if application.migrate:
        definition = {key: value for key, value in application.migrate.items() if key != "timeout"}
        wanted.append(Process(MIGRATE, definition | {"restart": "no", "profiles": [MIGRATE]}))
    for name, hook in sorted(application.hooks.items()):
        if "container" in hook:
            # The whole command, also where the image has an entrypoint: that one would start the application.
            program, *rest = hook["container"]
            definition = {"entrypoint": [program], "command": rest, "restart": "no", "profiles": ["hook"]}
            wanted.append(Process(hook_process(name), definition))
    for process in wanted:
        definition, names = _external_volumes(
            application.name, _process_definition(application, process, extra_hosts or {})
        )
        volumes += names
        labels = {f"{LABEL}.app": application.name, f"{LABEL}.process": process.name}
        containers[process.name] = escape(merge(definition, {"labels": _label_mapping(definition) | labels}))
    compose = _project(application, application.name, containers, volumes, list(application.secrets))
    config = fingerprint([compose, application.port, application.health])
    return ReleaseProject(compose, config, tuple(dict.fromkeys(volumes)))
