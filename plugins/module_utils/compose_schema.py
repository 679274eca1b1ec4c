"""Checks Compose service definitions against the Compose specification's own JSON schema.

The package check-jsonschema ships it.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .checked_definitions import CheckedDefinitions, cache_folder
from .problem import Problem


@lru_cache(maxsize=1)
def _schema_file() -> Path:
    package = find_spec("check_jsonschema")
    if package is None or package.origin is None:
        raise ImportError("the Python package check-jsonschema is missing: run `make setup`")
    return Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    return json.loads(_schema_file().read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _checked() -> CheckedDefinitions:
    rules = hashlib.sha256(_schema_file().read_bytes() + Path(__file__).read_bytes()).hexdigest()
    return CheckedDefinitions(cache_folder() / "definitions", rules)


@lru_cache(maxsize=1)
def _service_validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(
        {"$schema": _schema()["$schema"], "$ref": "#/$defs/service", "$defs": _schema()["$defs"]}
    )


@lru_cache(maxsize=1)
def _service_keys() -> list[str]:
    service = _schema()["$defs"]["service"]
    parts = [service, *(_schema()["$defs"][part["$ref"].rsplit("/", 1)[1]] for part in service.get("allOf", []))]
    return sorted({key for part in parts for key in part.get("properties", {})})


def service_problems(file: str, key: str, definition: dict[str, Any]) -> list[Problem]:
    """What the Compose specification has against a service definition; `key` is where it stands in `file`."""
    if definition in _checked():
        return []
    problems = _find_problems(file, key, definition)
    if not problems:
        _checked().add(definition)
    return problems


def _find_problems(file: str, key: str, definition: dict[str, Any]) -> list[Problem]:
    from jsonschema.exceptions import best_match

    unknown = [name for name in definition if name not in _service_keys() and not str(name).startswith("x-")]
    problems = [unknown_key(file, f"{key}.{name}", str(name), _service_keys()) for name in unknown]
    known = {name: value for name, value in definition.items() if name not in unknown}
    error = best_match(
        error for error in _service_validator().iter_errors(known) if error.validator != "unevaluatedProperties"
    )
    if error is not None:
        where = ".".join([key, *(str(part) for part in error.absolute_path)])
        if error.validator == "additionalProperties":
            names = sorted((error.schema or {}).get("properties", {}))
            extra = [name for name in error.instance if name not in names and not str(name).startswith("x-")]
            return problems + [unknown_key(file, f"{where}.{name}", str(name), names) for name in extra]
        problems.append(Problem(file, where, show(error.instance), f"{_expected(error)} (Compose specification)"))
    return problems


def _expected(error: Any) -> str:
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return " or ".join(kinds)
    if error.validator == "enum":
        return "one of " + ", ".join(str(value) for value in error.validator_value)
    return str(error.message)


def show(value: Any) -> str:
    """A value as an error message shows it, short."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"


def unknown_key(file: str, where: str, name: str, known: list[str]) -> Problem:
    """The problem of a key that nobody knows, with the nearest known one."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    expected = f"`{near[0]}` perhaps" if near else "one of " + ", ".join(known)
    return Problem(file, where, "a key that is not known", expected)
