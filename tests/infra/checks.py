"""Helpers of the checks: each failure says what was expected and what was found, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from world import Subject, World

_worlds: list[World] = []


class Mismatch(AssertionError):
    """What was found is not what was expected."""


def use(world: World) -> None:
    """Makes a world the one that the checks are about."""
    _worlds[:] = [world]


def the_world() -> World:
    """The world of this run; outside a run (an editor's test explorer, `pytest tests`) the module is skipped."""
    if not _worlds:
        pytest.skip("these checks are run by playbooks/verify.yml", allow_module_level=True)
    return _worlds[0]


def expect(found: Any, wanted: Any, what: str = "") -> None:
    """Raises Mismatch unless the two are equal."""
    require(found == wanted, show(wanted), show(found), what)


def require(condition: bool, wanted: str, found: str, what: str = "") -> None:
    """Raises Mismatch unless the condition holds."""
    if not condition:
        raise Mismatch(f"{what + ': ' if what else ''}expected {wanted}, found {found}")


def show(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, (list, tuple, set)):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)


def each(name: str, values: Iterable[Any], label: Callable[[Any], str] | None = None) -> pytest.MarkDecorator:
    """One check for each value, with an id that a person reads."""
    return pytest.mark.parametrize(name, list(values), ids=label or (lambda value: getattr(value, "id", str(value))))


def inspected(subject: Subject) -> dict[str, Any]:
    """The container's `docker inspect`; skips when there is none, which one check of its own reports."""
    if not subject.data:
        pytest.skip("there is no such container")
    return subject.data
