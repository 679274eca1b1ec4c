"""Reads a module's argument_spec and its documentation, so that the two can be compared."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from ansible.module_utils.basic import AnsibleModule

PLUGINS = Path(__file__).parents[2] / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
ACTIONS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))
CALLBACKS = sorted(path.stem for path in (PLUGINS / "callback").glob("*.py"))
FILTERS = sorted(path.stem for path in (PLUGINS / "filter").glob("*.py"))


class _Given(BaseException):
    """Stops a module at its first step, with what it gave to AnsibleModule."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        super().__init__()
        self.arguments = arguments


def imported(kind: str, name: str) -> Any:
    return importlib.import_module(f"ansible_collections.slipway.vps.plugins.{kind}.{name}")


def documentation(name: str) -> dict[str, Any]:
    """A module's DOCUMENTATION, with what it shares with others."""
    text = yaml.safe_load(imported("modules", name).DOCUMENTATION)
    for fragment in text.get("extends_documentation_fragment", []):
        shared = imported("doc_fragments", fragment.rpartition(".")[2]).ModuleDocFragment.DOCUMENTATION
        for key, value in yaml.safe_load(shared).items():
            text[key] = {**value, **text.get(key, {})}
    return text


def module_arguments(name: str) -> dict[str, Any] | None:
    """What a module gives to AnsibleModule; None for one that only documents an action plugin."""
    module = imported("modules", name)
    if not hasattr(module, "main"):
        return None

    def stop(_self: AnsibleModule, argument_spec: dict[str, Any], **more: Any) -> None:
        raise _Given({"argument_spec": argument_spec, **more})

    with patch.object(AnsibleModule, "__init__", stop):
        try:
            module.main()
        except _Given as given:
            return given.arguments
    raise AssertionError(f"{name}.main() makes no AnsibleModule")


def differences(specified: dict[str, Any], documented: dict[str, Any], where: str = "") -> list[str]:
    """Where an argument_spec and documented options differ, in words (Ansible's "Module format and documentation")."""
    problems = [f"{where}{name}: not documented" for name in sorted(specified.keys() - documented.keys())]
    problems += [f"{where}{name}: documented and not accepted" for name in sorted(documented.keys() - specified.keys())]
    for name in sorted(specified.keys() & documented.keys()):
        code, text = specified[name], documented[name]
        for key, default in (("type", "str"), ("required", False), ("default", None), ("elements", None)):
            if code.get(key, default) != text.get(key, default):
                problems.append(
                    f"{where}{name}.{key}: {code.get(key, default)!r}, documented {text.get(key, default)!r}"
                )
        if list(code.get("choices") or []) != list(text.get("choices") or []):
            problems.append(f"{where}{name}.choices: {code.get('choices')}, documented {text.get('choices')}")
        if sorted(code.get("aliases") or []) != sorted(text.get("aliases") or []):
            problems.append(f"{where}{name}.aliases: {code.get('aliases')}, documented {text.get('aliases')}")
        problems += differences(code.get("options") or {}, text.get("suboptions") or {}, f"{where}{name}.")
    return problems
