"""A stamp says that something was applied: a run that is cut off before its handlers leaves none."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.unit.roles.rendering import ROLES

RUN = {"ansible.builtin.meta": "flush_handlers"}


def tasks(role: str) -> list[dict[str, Any]]:
    return yaml.safe_load((ROLES / role / "tasks/main.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ["server", "services"])
def test_what_was_notified_has_run_before_the_stamp(role: str) -> None:
    before, stamp = tasks(role)[-2:]
    assert stamp["name"].startswith("Stamp the ")
    assert {**RUN, "name": before["name"]} == before
