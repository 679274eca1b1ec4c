"""The memory of definitions that were found to be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils import checked_definitions, compose_schema
from ansible_collections.slipway.vps.plugins.module_utils.checked_definitions import CheckedDefinitions
from ansible_collections.slipway.vps.plugins.module_utils.compose_schema import service_problems

WEB = {"image": "acme/shop", "deploy": {"replicas": 2}}


@pytest.fixture
def memory(tmp_path: Path) -> CheckedDefinitions:
    return CheckedDefinitions(tmp_path / "cache" / "definitions", "rules 1")


def test_what_was_added_is_known_to_later_runs(memory: CheckedDefinitions, tmp_path: Path) -> None:
    assert WEB not in memory
    memory.add(WEB)
    assert dict(WEB) in CheckedDefinitions(tmp_path / "cache" / "definitions", "rules 1")


def test_any_other_definition_is_unknown(memory: CheckedDefinitions) -> None:
    memory.add(WEB)
    assert WEB | {"deploy": {"replicas": "2"}} not in memory
    assert WEB | {"deploy": {"replicas": 3}} not in memory


def test_other_rules_have_checked_nothing_yet(memory: CheckedDefinitions, tmp_path: Path) -> None:
    memory.add(WEB)
    assert WEB not in CheckedDefinitions(tmp_path / "cache" / "definitions", "rules 2")


def test_a_home_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = CheckedDefinitions(tmp_path / "file" / "definitions", "rules 1")
    memory.add(WEB)
    assert WEB not in memory


def test_the_memory_does_not_grow_without_end(
    memory: CheckedDefinitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked_definitions, "LIMIT_BYTES", 1000)
    for number in range(40):
        memory.add({"image": f"acme/shop:{number}"})
    assert (tmp_path / "cache" / "definitions").stat().st_size < 1100
    assert {"image": "acme/shop:39"} in memory


def test_wrong_definitions_are_never_remembered(memory: CheckedDefinitions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose_schema, "_checked", lambda: memory)
    wrong = {"image": "acme/shop", "ports": 80}
    assert service_problems("a.yml", "processes.web", wrong)
    assert service_problems("a.yml", "processes.web", wrong)
    assert service_problems("a.yml", "processes.web", WEB) == []
    assert WEB in memory
    monkeypatch.setattr(compose_schema, "_find_problems", None)  # not called for what is known
    assert service_problems("a.yml", "processes.web", WEB) == []
