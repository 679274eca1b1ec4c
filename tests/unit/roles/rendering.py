"""Renders a role's templates and variables with its own defaults, as Ansible would, without a host."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

ROLES = Path(__file__).parents[3] / "roles"


def _trusted(value: Any) -> Any:
    """The value with every string marked as a template, which Ansible does for what it loads from a role."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: _trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_trusted(item) for item in value]
    return value


@cache
def _find_collections() -> None:
    """Lookups are found by their full names after this alone."""
    init_plugin_loader()


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}


def templar(role: str, **variables: Any) -> Templar:
    """A templar with the role's defaults and vars, and `variables` over the defaults."""
    folder = ROLES / role
    _find_collections()
    known = _load(folder / "defaults/main.yml") | variables | _load(folder / "vars/main.yml")
    known.setdefault("ansible_managed", "Managed by Slipway")
    known.setdefault("ansible_check_mode", False)
    known.setdefault("inventory_hostname", "vps-1")
    loader = DataLoader()
    loader.set_basedir(str(folder))
    return Templar(loader=loader, variables=_trusted(known))


def render(role: str, template: str, **variables: Any) -> str:
    """The text that the role's template gives."""
    text = (ROLES / role / "templates" / template).read_text(encoding="utf-8")
    return templar(role, **variables).template(
        trust_as_template(text), preserve_trailing_newlines=True, escape_backslashes=False
    )


def evaluate(role: str, expression: str, **variables: Any) -> Any:
    """The value of a Jinja expression among the role's variables."""
    return templar(role, **variables).template(trust_as_template("{{ " + expression + " }}"))
