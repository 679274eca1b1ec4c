"""Makes a numbered Compose project of a rendered one, on the host, once the image can be asked for its entrypoint."""

from __future__ import annotations

import shlex
from copy import deepcopy
from typing import Any

from .application import HOOK_PREFIX

WRAPPER_PATH = "/run/slipway/environment.sh"
# Secrets are files; an application that reads its environment alone gets them just before its own entrypoint runs.
WRAPPER = """#!/bin/sh
# Exports each file under /run/secrets as an environment variable of its name, then runs the container's own command.
# Its own variables have names that no application uses: to set an exported one would change what the command sees.
for __slipway_file in /run/secrets/*; do
    [ -f "$__slipway_file" ] || continue
    __slipway_value=$(cat "$__slipway_file"; printf x)
    export "${__slipway_file##*/}=${__slipway_value%x}"
done
exec "$@"
"""


def is_one_off(process: str) -> bool:
    """Whether containers of this process run once and end: the migration and the hooks."""
    return process == "migrate" or process.startswith("hook-")


def words(value: Any) -> list[str]:
    """A Compose command as a list: a string is split as a shell would (Compose specification, `command`)."""
    if value is None:
        return []
    return shlex.split(value) if isinstance(value, str) else [str(word) for word in value]


def number_project(
    compose: dict[str, Any],
    number: int,
    image: str,
    image_config: dict[str, Any],
    facts: dict[str, str] | None = None,
    web: str = "web",
) -> dict[str, Any]:
    """The project `<app>-r<number>`: its image, its own web alias, the secrets' wrapper before each entrypoint.

    `image_config` is the image's `Config` as `docker image inspect` prints it; `facts` become the hooks' environment.
    """
    project = deepcopy(compose)
    application = project["name"]
    project["name"] = f"{application}-r{number}"
    for name, definition in project["services"].items():
        definition["image"] = image
        definition["labels"] = {**definition["labels"], "slipway.release": str(number)}
        if name == web:
            _add_alias(definition, f"{project['name']}-{web}")
        if name.startswith(HOOK_PREFIX):
            definition["environment"] = {**(definition.get("environment") or {}), **_escaped_values(facts or {})}
        if project.get("secrets") and definition.get("secrets"):
            _wrap(definition, image_config)
    return project


def _add_alias(definition: dict[str, Any], alias: str) -> None:
    networks = definition.get("networks") or {"default": None}
    if isinstance(networks, list):
        networks = dict.fromkeys(networks)
    default = dict(networks.get("default") or {})
    default["aliases"] = [*(default.get("aliases") or []), alias]
    definition["networks"] = {**networks, "default": default}


def _wrap(definition: dict[str, Any], image_config: dict[str, Any]) -> None:
    # Compose takes the image's own for null.
    own = definition.get("entrypoint") is not None
    entrypoint = words(definition["entrypoint"]) if own else words(_escaped(image_config.get("Entrypoint")))
    # As in Docker: with an entrypoint of one's own, the image's command does not apply.
    command = (
        words(definition["command"])
        if definition.get("command") is not None
        else []
        if own
        else words(_escaped(image_config.get("Cmd")))
    )
    definition["entrypoint"] = ["/bin/sh", WRAPPER_PATH, *entrypoint]
    definition["command"] = command
    definition["volumes"] = [*(definition.get("volumes") or []), f"./environment.sh:{WRAPPER_PATH}:ro"]


def _escaped(value: Any) -> Any:
    return [word.replace("$", "$$") for word in value] if isinstance(value, list) else value


def _escaped_values(values: dict[str, str]) -> dict[str, str]:
    return {name: value.replace("$", "$$") for name, value in values.items()}
