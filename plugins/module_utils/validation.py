"""Everything that can be wrong with an application's file, found before any host is contacted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .application import (
    BUILD_KEYS,
    HOOK_PREFIX,
    HOOKS,
    KEYS,
    MANAGED_KEYS,
    MIGRATE,
    NAME,
    PLATFORMS,
    RESERVED_NAMES,
    SETTINGS,
    WEB,
)
from .compose_schema import service_problems, show, unknown_key
from .duration import parse_duration
from .presets import PRESETS
from .problem import Problem
from .site import site_problems

# The distribution specification's name, with or without a registry and a tag (github.com/distribution/reference).
_PATH = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_IMAGE = re.compile(rf"([A-Za-z0-9.-]+(:\d+)?/)?{_PATH}(/{_PATH})*(:{TAG.pattern})?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def application_problems(file: str, name: str, data: Any) -> list[Problem]:
    """All problems of one application file; an empty list when it can be deployed."""
    if not NAME.fullmatch(name) or name in RESERVED_NAMES:
        return [
            Problem(
                file,
                "name",
                show(name),
                "an application name: lower-case letters, digits and hyphens, at most 40, not reserved",
            )
        ]
    if not isinstance(data, dict):
        return [Problem(file, "(whole file)", show(data), "a mapping with image, domains, port, processes, …")]
    problems = [unknown_key(file, key, key, sorted(KEYS)) for key in data if key not in KEYS]
    for check in (
        _image,
        _build,
        _environment,
        _secrets,
        _processes,
        _web,
        site_problems,
        _migrate,
        _services,
        _shared_volumes,
        _hooks,
        _durations,
    ):
        problems += check(file, data)
    return problems


def _mapping(file: str, data: dict[str, Any], key: str) -> tuple[dict[str, Any], list[Problem]]:
    value = data.get(key)
    if value is None:
        return {}, []
    if not isinstance(value, dict):
        return {}, [Problem(file, key, show(value), KEYS[key])]
    return value, []


def _image(file: str, data: dict[str, Any]) -> Iterator[Problem]:
    image = data.get("image")
    if not isinstance(image, str) or not image:
        yield Problem(file, "image", "nothing" if image is None else show(image), KEYS["image"])
    elif not _IMAGE.fullmatch(image):
        yield Problem(file, "image", show(image), KEYS["image"])
    tag = data.get("tag")
    if tag is not None and (isinstance(tag, (dict, list)) or not TAG.fullmatch(str(tag))):
        yield Problem(file, "tag", show(tag), KEYS["tag"])


def _build(file: str, data: dict[str, Any]) -> list[Problem]:
    build, problems = _mapping(file, data, "build")
    if build:
        problems += [unknown_key(file, f"build.{key}", key, list(BUILD_KEYS)) for key in build if key not in BUILD_KEYS]
        if not isinstance(build.get("context"), str):
            problems.append(
                Problem(
                    file,
                    "build.context",
                    show(build.get("context")),
                    "the folder with the Dockerfile, relative to the inventory's folder",
                )
            )
        if build.get("platform") not in (None, *PLATFORMS):
            problems.append(Problem(file, "build.platform", show(build["platform"]), " or ".join(PLATFORMS)))
    return problems


def _environment(file: str, data: dict[str, Any]) -> list[Problem]:
    settings, problems = _mapping(file, data, "environment")
    for key, value in settings.items():
        if not _VARIABLE.fullmatch(str(key)):
            problems.append(Problem(file, f"environment.{key}", show(key), "a name of letters, digits and underscores"))
        if value is None or isinstance(value, (dict, list)):
            problems.append(Problem(file, f"environment.{key}", show(value), "a plain value"))
    return problems


def _secrets(file: str, data: dict[str, Any]) -> list[Problem]:
    secrets, problems = _mapping(file, data, "secrets")
    for key, value in secrets.items():
        if not _VARIABLE.fullmatch(str(key)):
            problems.append(Problem(file, f"secrets.{key}", show(key), "a name of letters, digits and underscores"))
        if value is None or value == "" or isinstance(value, (dict, list)):
            problems.append(Problem(file, f"secrets.{key}", "no value", "a plain value, from the vault"))
        if isinstance(data.get("environment"), dict) and key in data["environment"]:
            problems.append(Problem(file, f"secrets.{key}", "the same name under environment", "it in one of the two"))
    return problems


def _processes(file: str, data: dict[str, Any]) -> list[Problem]:
    processes, problems = _mapping(file, data, "processes")
    if not processes and not problems:
        problems.append(Problem(file, "processes", "nothing", "at least one process, such as `web: {}`"))
    services = data.get("services") if isinstance(data.get("services"), dict) else {}
    for name, definition in processes.items():
        key = f"processes.{name}"
        problems += _name_problems(file, key, name)
        if name == MIGRATE or str(name).startswith(HOOK_PREFIX):
            problems.append(Problem(file, key, show(name), "another name: this one is Slipway's own"))
        if name in services:
            problems.append(
                Problem(file, key, "a service of the same name", "different names for processes and services")
            )
        problems += definition_problems(file, key, definition)
        deploy = definition.get("deploy") if isinstance(definition, dict) else None
        replicas = deploy.get("replicas", 1) if isinstance(deploy, dict) else 1
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            problems.append(Problem(file, f"{key}.deploy.replicas", show(replicas), "a whole number, 0 or more"))
    problems += _alias_problems(file, processes, services)
    return problems


def _name_problems(file: str, key: str, name: Any) -> list[Problem]:
    if isinstance(name, str) and NAME.fullmatch(name) and name not in RESERVED_NAMES:
        return []
    return [Problem(file, key, show(name), "a host-name label: lower-case letters, digits and hyphens")]


def definition_problems(file: str, key: str, definition: Any, managed: tuple[str, ...] = MANAGED_KEYS) -> list[Problem]:
    """Problems of a Compose service definition: the specification's, and keys that Slipway decides itself."""
    if definition is None:
        return []
    if not isinstance(definition, dict):
        return [Problem(file, key, show(definition), "a Compose service definition (a mapping)")]
    problems = [
        Problem(file, f"{key}.{name}", "a key that Slipway decides", "the definition without it")
        for name in managed
        if name in definition
    ]
    return problems + service_problems(file, key, definition)


def _aliases(definition: Any) -> list[str]:
    networks = (definition or {}).get("networks") if isinstance(definition, dict) else None
    if not isinstance(networks, dict):
        return []
    found = [options.get("aliases") for options in networks.values() if isinstance(options, dict)]
    return [alias for aliases in found if isinstance(aliases, list) for alias in aliases if isinstance(alias, str)]


def _alias_problems(file: str, processes: dict[str, Any], services: dict[str, Any]) -> Iterator[Problem]:
    seen = {name: f"services.{name}" for name in services} | {name: f"processes.{name}" for name in processes}
    for group, members in (("services", services), ("processes", processes)):
        for name, definition in members.items():
            for alias in _aliases(definition):
                owner = seen.setdefault(alias, f"{group}.{name}")
                if owner != f"{group}.{name}":
                    yield Problem(
                        file, f"{group}.{name}", f"the alias `{alias}`, which {owner} has too", "each alias once"
                    )


def _web(file: str, data: dict[str, Any]) -> Iterator[Problem]:
    has_web = isinstance(data.get("processes"), dict) and WEB in data["processes"]
    domains, port, health = data.get("domains"), data.get("port"), data.get("health", "/health")
    if has_web and not domains:
        yield Problem(file, "domains", "nothing", f"{KEYS['domains']}, since there is a process `web`")
    if not isinstance(data.get("dns_check", True), bool):
        yield Problem(file, "dns_check", show(data["dns_check"]), KEYS["dns_check"])
    if has_web and port is None:
        yield Problem(file, "port", "nothing", f"{KEYS['port']}, since there is a process `web`")
    if port is not None and (not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535):
        yield Problem(file, "port", show(port), KEYS["port"])
    if not isinstance(health, str) or not health.startswith("/"):
        yield Problem(file, "health", show(health), KEYS["health"])


def _migrate(file: str, data: dict[str, Any]) -> list[Problem]:
    migrate, problems = _mapping(file, data, "migrate")
    if migrate:
        if not migrate.get("command"):
            problems.append(
                Problem(file, "migrate.command", "nothing", "the command that migrates the database, as a list")
            )
        if not _is_duration(migrate.get("timeout", "10m")):
            problems.append(Problem(file, "migrate.timeout", show(migrate.get("timeout")), "a duration such as 10m"))
        problems += definition_problems(
            file, "migrate", {key: value for key, value in migrate.items() if key != "timeout"}
        )
    return problems


def _services(file: str, data: dict[str, Any]) -> list[Problem]:
    services, problems = _mapping(file, data, "services")
    owners: dict[str, str] = {}
    for name, definition in services.items():
        key = f"services.{name}"
        problems += _name_problems(file, key, name)
        if not isinstance(definition, dict):
            problems.append(
                Problem(file, key, show(definition), "a preset or a Compose service definition with an image")
            )
            continue
        preset = definition.get("preset")
        if preset is not None and (not isinstance(preset, str) or preset not in PRESETS):
            problems.append(Problem(file, f"{key}.preset", show(preset), "one of " + ", ".join(sorted(PRESETS))))
            continue
        if preset is None and not definition.get("image"):
            problems.append(
                Problem(file, f"{key}.image", "nothing", "an image, or a preset: " + ", ".join(sorted(PRESETS)))
            )
        if preset:
            problems += _setting_problems(file, key, definition)
        rest = {k: v for k, v in definition.items() if k != "preset" and not (preset and k in SETTINGS)}
        managed = tuple(k for k in MANAGED_KEYS if k not in ("image", "secrets"))
        problems += definition_problems(file, key, rest, managed)
        problems += _service_secrets(file, key, rest, data)
        for volume in named_volumes(rest):
            owner = owners.setdefault(volume, key)
            if owner != key:
                problems.append(
                    Problem(
                        file,
                        f"{key}.volumes",
                        f"the volume `{volume}`, which {owner} has too",
                        "a volume for each service",
                    )
                )
    return problems


def _service_secrets(file: str, key: str, definition: dict[str, Any], data: dict[str, Any]) -> Iterator[Problem]:
    """A data service gets, as files, those of the application's secrets that it names."""
    names, known = definition.get("secrets") or [], data.get("secrets")
    known = list(known) if isinstance(known, dict) else []
    for name in names if isinstance(names, list) else [names]:
        if name not in known:
            expected = "names that stand under `secrets` of the application" + (
                f": {', '.join(known)}" if known else ""
            )
            yield Problem(file, f"{key}.secrets", show(name), expected)


def _setting_problems(file: str, key: str, definition: dict[str, Any]) -> Iterator[Problem]:
    """What stands beside `preset:`; a password is among it, so no value is shown but that of `nodes`."""
    for name in SETTINGS:
        value = definition.get(name)
        if name == "nodes":
            if name in definition and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                yield Problem(file, f"{key}.nodes", show(value), "a whole number, 1 or more")
        elif name in definition and (value is None or isinstance(value, (dict, list))):
            yield Problem(file, f"{key}.{name}", "no plain value", "a plain value")


def _shared_volumes(file: str, data: dict[str, Any]) -> Iterator[Problem]:
    """A process's volume `cache-data` and the volume `data` of the service `cache` would be the same one."""
    services = data.get("services") if isinstance(data.get("services"), dict) else {}
    taken = {}
    for name, definition in services.items():
        if isinstance(definition, dict):
            own = ["data", *(f"data-{number}" for number in range(2, 10))] if definition.get("preset") else []
            taken |= {f"{name}-{volume}": name for volume in [*own, *named_volumes(definition)]}
    processes = data.get("processes") if isinstance(data.get("processes"), dict) else {}
    for name, definition in processes.items():
        for volume in named_volumes(definition) if isinstance(definition, dict) else []:
            if volume in taken:
                found = f"the volume `{volume}`, which is that of services.{taken[volume]}"
                yield Problem(file, f"processes.{name}.volumes", found, "another name")


def named_volumes(definition: dict[str, Any]) -> list[str]:
    """The named volumes in a Compose service definition: sources that are no paths."""
    names = []
    volumes = definition.get("volumes")
    for volume in volumes if isinstance(volumes, list) else []:
        if isinstance(volume, dict):
            source = str(volume.get("source", "")) if volume.get("type", "volume") == "volume" else ""
        else:
            source = str(volume).split(":")[0] if ":" in str(volume) else ""
        if source and not source.startswith((".", "/", "~")):
            names.append(source)
    return names


def _hooks(file: str, data: dict[str, Any]) -> list[Problem]:
    hooks, problems = _mapping(file, data, "hooks")
    for name, hook in hooks.items():
        if name not in HOOKS:
            problems.append(unknown_key(file, f"hooks.{name}", name, list(HOOKS)))
        elif (
            not isinstance(hook, dict)
            or len(set(hook) & {"command", "container"}) != 1
            or set(hook) - {"command", "container", "timeout"}
        ):
            problems.append(
                Problem(
                    file,
                    f"hooks.{name}",
                    show(hook),
                    "`command` (on the controller) or `container` (in the new image), a list",
                )
            )
        else:
            command = next(hook[k] for k in ("command", "container") if k in hook)
            if not isinstance(command, list) or not command or isinstance(command[0], (dict, list)):
                problems.append(Problem(file, f"hooks.{name}", show(hook), "the command as a list of words"))
            if not _is_duration(hook.get("timeout", "5m")):
                problems.append(Problem(file, f"hooks.{name}.timeout", show(hook["timeout"]), "a duration such as 5m"))
    return problems


def _durations(file: str, data: dict[str, Any]) -> Iterator[Problem]:
    for key in ("health_timeout", "drain_timeout"):
        if key in data and not _is_duration(data[key]):
            yield Problem(file, key, show(data[key]), KEYS[key])


def _is_duration(value: Any) -> bool:
    try:
        parse_duration(value)
    except ValueError:
        return False
    return True
