"""A role's argument_specs.yml, its defaults and its tasks may not drift apart, in any direction."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parents[2] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if (path / "tasks").is_dir())
TYPES = {"bool", "dict", "float", "int", "list", "path", "raw", "str"}
# Variables of a whole run (`-e app=`), which no single role owns.
RUN_VARIABLES = {"app", "tag", "restart", "remove", "release", "wait_for_lock", "state"} | {
    "servers",
    "server_defaults",
    "resize",
    "destroy",
    "destroy_data",
}


def _read(path: Path) -> dict[str, Any]:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


@cache
def _specification(role: str) -> dict[str, Any]:
    return _read(ROLES / role / "meta/argument_specs.yml").get("argument_specs", {})


def _options(role: str) -> dict[str, dict[str, Any]]:
    """The options of all entry points."""
    return {
        name: option for entry in _specification(role).values() for name, option in (entry.get("options") or {}).items()
    }


def _defaults(role: str) -> dict[str, Any]:
    return _read(ROLES / role / "defaults/main.yml")


@pytest.mark.parametrize("role", NAMES)
def test_every_default_is_specified(role: str) -> None:
    options = _options(role)
    problems = []
    for name, value in _defaults(role).items():
        if name not in options:
            problems.append(f"{name} has a default and no specification")
        elif "default" not in options[name]:
            problems.append(f"{name} has the default {value!r}, and its specification none")
        elif options[name]["default"] != value:
            problems.append(f"{name}: default {value!r}, specified {options[name]['default']!r}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("role", NAMES)
def test_every_specified_default_is_there(role: str) -> None:
    lost = [name for name, option in _options(role).items() if "default" in option and name not in _defaults(role)]
    assert not lost, f"specified with a default that defaults/main.yml does not have: {', '.join(lost)}"


@pytest.mark.parametrize("role", NAMES)
def test_every_option_is_described(role: str) -> None:
    problems = []
    for entry, specification in _specification(role).items():
        if not specification.get("short_description") or not specification.get("description"):
            problems.append(f"{entry} has no description")
        problems += _undescribed(specification.get("options") or {}, entry)
    assert "main" in _specification(role), "no argument_specs for main"
    assert not problems, "\n".join(problems)


def _undescribed(options: dict[str, dict[str, Any]], where: str) -> list[str]:
    problems = []
    for name, option in options.items():
        key = f"{where}.{name}"
        if not option.get("description"):
            problems.append(f"{key} has no description")
        if option.get("type") not in TYPES:
            problems.append(f"{key} has no type that Ansible knows: {option.get('type')!r}")
        if option.get("type") == "list" and "elements" not in option:
            problems.append(f"{key} does not say what its elements are")
        if option.get("required") and "default" in option:
            problems.append(f"{key} is required and has a default")
        problems += _undescribed(option.get("options") or {}, key)
    return problems


@pytest.mark.parametrize("role", NAMES)
def test_names_have_the_role_s_prefix(role: str) -> None:
    foreign = [name for name in _options(role) if not name.startswith(f"{role}_") and name not in RUN_VARIABLES]
    inner = [name for name in _read(ROLES / role / "vars/main.yml") if not name.startswith(f"__{role}_")]
    assert not foreign + inner, f"without the role's prefix: {', '.join(foreign + inner)}"


@pytest.mark.parametrize("role", NAMES)
def test_every_variable_in_use_is_specified(role: str) -> None:
    """What tasks, handlers, templates and variables read of the role's own is an option of it."""
    used: set[str] = set()
    for folder in ("tasks", "handlers", "templates", "vars"):
        for path in (ROLES / role / folder).rglob("*"):
            if path.is_file():
                used |= set(re.findall(rf"(?<![\w./-]){role}_\w+\b", _without_names(path.read_text(encoding="utf-8"))))
    unknown = used - set(_options(role)) - _registered(role)
    assert not unknown, f"in use and not specified: {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("role", NAMES)
def test_every_own_option_is_in_use(role: str) -> None:
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("tasks", "handlers", "templates", "vars", "defaults")
        for path in (ROLES / role / folder).rglob("*")
        if path.is_file()
    )
    idle = [
        name
        for name in _options(role)
        if name.startswith(f"{role}_") and len(re.findall(rf"\b{name}\b", text)) < (2 if name in _defaults(role) else 1)
    ]
    assert not idle, f"specified and read nowhere: {', '.join(idle)}"


def _without_names(text: str) -> str:
    """The text without what stands in quotes after `name:` and without comments."""
    return re.sub(r"(?m)^\s*(- )?name:.*$|#.*$", "", text)


def _registered(role: str) -> set[str]:
    """Results that a role offers to others."""
    texts = [path.read_text(encoding="utf-8") for path in (ROLES / role / "tasks").glob("*.yml")]
    return {name for text in texts for name in re.findall(r"register: (\w+)", text)} | {
        name for text in texts for name in re.findall(r"^ +(\w+):.*$", text, re.MULTILINE) if "set_fact" in text
    }
