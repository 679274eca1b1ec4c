"""The server's stamp changes with what the server roles are given, and with nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.server_stamp import SERVER_ROLES, server_stamp

VARIABLES = {"docker_version": "28", "proxy_tls": "off", "release_keep": 5, "ansible_host": "10.0.0.1"}


@pytest.fixture
def roles(tmp_path: Path) -> Path:
    for name in ("docker", "proxy", "release"):
        (tmp_path / name / "tasks").mkdir(parents=True)
        (tmp_path / name / "tasks/main.yml").write_text("- name: First\n")
    return tmp_path


def stamp(roles: Path, **changes: Any) -> str:
    return server_stamp(roles, ("docker", "proxy"), {**VARIABLES, **changes})


def test_it_is_the_same_for_the_same(roles: Path) -> None:
    assert stamp(roles) == stamp(roles) == server_stamp(roles, ["docker", "proxy"], dict(reversed(VARIABLES.items())))


@pytest.mark.parametrize("change", [{"docker_version": "29"}, {"proxy_memory": "1g"}])
def test_it_changes_with_a_role_s_variable(roles: Path, change: dict[str, Any]) -> None:
    assert stamp(roles, **change) != stamp(roles)


@pytest.mark.parametrize("change", [{"release_keep": 9}, {"ansible_host": "10.0.0.2"}, {"dockerfile": "x"}])
def test_it_stays_with_other_variables(roles: Path, change: dict[str, Any]) -> None:
    assert stamp(roles, **change) == stamp(roles)


def test_it_changes_with_a_role_s_file(roles: Path) -> None:
    before = stamp(roles)
    (roles / "docker/tasks/main.yml").write_text("- name: Second\n")
    edited = stamp(roles)
    (roles / "docker/tasks/main.yml").rename(roles / "docker/tasks/other.yml")
    assert len({before, edited, stamp(roles)}) == 3


def test_it_stays_with_other_roles_and_documentation(roles: Path) -> None:
    before = stamp(roles)
    (roles / "release/tasks/main.yml").write_text("- name: Second\n")
    (roles / "docker/README.md").write_text("words")
    (roles / "docker/__pycache__").mkdir()
    (roles / "docker/__pycache__/x.pyc").write_bytes(b"\0")
    assert stamp(roles) == before


def test_the_server_roles_are_there() -> None:
    folder = Path(__file__).parents[2] / "roles"
    assert [role for role in SERVER_ROLES if not (folder / role / "tasks/main.yml").is_file()] == []
