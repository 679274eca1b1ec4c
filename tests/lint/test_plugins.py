"""What ansible-test's sanity tests ask of a collection's plugins, without their network and containers."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lint import plugin_documentation as plugins
from tests.lint.checkout import ROOT

# What runs on a server: the oldest Python there (Ubuntu 22.04 has 3.10; ansible-core 2.19 asks for 3.8).
OLDEST_PYTHON = (3, 9)
ON_SERVERS = [
    path for folder in ("modules", "module_utils") for path in sorted((ROOT / "plugins" / folder).glob("*.py"))
]
SECRET = re.compile(r"no_log|password|secret|token|credential|passphrase", re.IGNORECASE)


def _ansible_doc(kind: str, names: list[str]) -> dict[str, Any]:
    command = [str(Path(sys.executable).parent / "ansible-doc"), "--json", "--type", kind]
    answer = subprocess.run(
        [*command, *(f"slipway.vps.{name}" for name in names)],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("kind", "names"),
    [("module", plugins.MODULES), ("callback", plugins.CALLBACKS), ("filter", plugins.FILTERS)],
    ids=["modules", "callbacks", "filters"],
)
def test_ansible_doc_renders(kind: str, names: list[str]) -> None:
    if not names:
        assert kind == "filter"
        return
    rendered = _ansible_doc(kind, names)
    assert sorted(rendered) == sorted(f"slipway.vps.{name}" for name in names)
    assert all(entry["doc"]["short_description"] for entry in rendered.values())


def test_ansible_doc_renders_every_role() -> None:
    names = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "meta/argument_specs.yml").is_file())
    rendered = _ansible_doc("role", names)
    assert sorted(rendered) == [f"slipway.vps.{name}" for name in names]


def test_every_action_plugin_is_documented_by_a_module() -> None:
    assert not set(plugins.ACTIONS) - set(plugins.MODULES)


@pytest.mark.parametrize("name", plugins.MODULES)
def test_documentation_is_whole(name: str) -> None:
    module, text = plugins.imported("modules", name), plugins.documentation(name)
    problems = [f"no {key}" for key in ("description", "author", "attributes") if not text.get(key)]
    if text["module"] != name:
        problems.append(f"its name is {text['module']}")
    if text["short_description"].endswith("."):
        problems.append("short_description ends with a full stop")
    for key in ("check_mode", "diff_mode"):
        attribute = (text.get("attributes") or {}).get(key) or {}
        if attribute.get("support") not in ("full", "partial", "none", "N/A") or not attribute.get("description"):
            problems.append(f"attribute {key} does not say what is supported")
    examples = yaml.safe_load(module.EXAMPLES)
    if not any(f"slipway.vps.{name}" in task for task in examples):
        problems.append("no example calls it by its full name")
    returned = yaml.safe_load(module.RETURN) or {}
    problems += [f"RETURN.{key} is not whole" for key, value in returned.items() if not _is_whole(value)]
    assert not problems, "\n".join(problems)


def _is_whole(value: dict[str, Any]) -> bool:
    return all(value.get(key) for key in ("description", "type", "returned"))


@pytest.mark.parametrize("name", plugins.MODULES)
def test_arguments_are_the_documented_ones(name: str) -> None:
    arguments, text = plugins.module_arguments(name), plugins.documentation(name)
    if arguments is None:
        accepted = getattr(plugins.imported("action", name).ActionModule, "_VALID_ARGS", frozenset())
        assert set(accepted) == set(text.get("options") or {})
        return
    problems = plugins.differences(arguments["argument_spec"], text.get("options") or {})
    supports = text["attributes"]["check_mode"]["support"] in ("full", "partial")
    if bool(arguments.get("supports_check_mode")) != supports:
        problems.append(f"supports_check_mode is {arguments.get('supports_check_mode')}, documented {supports}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", plugins.MODULES)
def test_arguments_that_sound_secret_say_whether_they_are(name: str) -> None:
    """Ansible warns when `no_log` is left open for such a name."""
    arguments = plugins.module_arguments(name)
    specification = {} if arguments is None else arguments["argument_spec"]
    silent = [key for key, option in specification.items() if SECRET.search(key) and "no_log" not in option]
    assert not silent, f"no_log is not set: {', '.join(silent)}"


def test_module_utils_import_without_ansible() -> None:
    """Also without any other package: a server has none of them."""
    names = [path.stem for path in sorted((ROOT / "plugins/module_utils").glob("*.py"))]
    code = "import importlib, sys; sys.path.insert(0, sys.argv[1]); [importlib.import_module(n) for n in sys.argv[2:]]"
    modules = [f"ansible_collections.slipway.vps.plugins.module_utils.{name}" for name in names]
    command = [sys.executable, "-I", "-S", "-c", code, str(ROOT / "collections"), *modules]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("path", ON_SERVERS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_code_for_servers(path: Path) -> None:
    """It parses with the oldest Python of a server, and imports nothing that stays on the controller."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST_PYTHON)
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in imported if "plugin_utils" in name or name.startswith("ansible.plugins")]
