"""The pins of packages and collections are in step with each other and with what is installed."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED = {
    "requirements.lock": [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["development"],
    ],
    "requirements-benchmark.lock": PROJECT["dependency-groups"]["benchmark"],
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; [^\\]+)? \\$", re.MULTILINE)


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, number in PIN.findall((ROOT / lock).read_text(encoding="utf-8")):
        found.setdefault(name.lower().replace("_", "-"), set()).add(number)
    return found


@pytest.mark.parametrize("lock", WANTED)
def test_the_lock_holds_what_pyproject_asks_for(lock: str) -> None:
    locked = pins(lock)
    for requirement in map(Requirement, WANTED[lock]):
        numbers = locked.get(requirement.name.lower().replace("_", "-"), set())
        assert numbers, f"{requirement.name} is not locked: make lock"
        assert all(requirement.specifier.contains(number) for number in numbers), f"{requirement}: make lock"


@pytest.mark.parametrize("lock", WANTED)
def test_the_lock_holds_pins_with_hashes_and_nothing_else(lock: str) -> None:
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        assert PIN.match(line) or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?|\s*#.*", line), line


def test_what_is_installed_is_what_is_locked() -> None:
    different = [
        f"{name}: {version(name)} is installed, {', '.join(numbers)} locked"
        for name, numbers in pins("requirements.lock").items()
        if name not in ("colorama", "pywin32") and find_version(name) not in {None, *numbers}
    ]
    assert not different, "make setup: " + "; ".join(different)


def find_version(name: str) -> str | None:
    try:
        return version(name)
    except ImportError:
        # Not for this version of Python.
        return None


def test_requirements_yml_and_galaxy_yml_are_in_step_with_the_bundle() -> None:
    specification = find_spec("ansible_collections")
    assert specification is not None and specification.submodule_search_locations is not None
    folders = [Path(folder) for folder in specification.submodule_search_locations]
    wanted = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]
    pinned = {
        entry["name"]: entry["version"]
        for entry in yaml.safe_load((ROOT / "requirements.yml").read_text(encoding="utf-8"))["collections"]
    }
    assert pinned.keys() == wanted.keys()
    for name, number in pinned.items():
        (manifest,) = [
            path for folder in folders if (path := folder / name.replace(".", "/") / "MANIFEST.json").is_file()
        ]
        installed = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
        assert installed == number, f"{name}: requirements.yml has {number}, the bundle {installed}"
        assert SpecifierSet(wanted[name]).contains(number)
