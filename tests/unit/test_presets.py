"""The presets of data services: what each promises, whatever the service is called."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.compose_schema import service_problems
from ansible_collections.slipway.vps.plugins.module_utils.presets import PRESETS

SETTINGS = {"database": "shop", "user": "seller", "password": "p\"a\\ss'word #1"}
ROOT_PASSWORDS = {"mysql", "mariadb"}
PORTS = {"mysql": 3306, "mariadb": 3306, "postgres": 5432, "redis": 6379, "elasticsearch": 9200}


def definition(preset: str, **settings: Any) -> dict[str, Any]:
    return PRESETS[preset]("store", SETTINGS | settings).containers["store"]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_valid_compose_and_safe(preset: str) -> None:
    made = PRESETS[preset]("store", SETTINGS)
    assert made.port == PORTS[preset]
    for name, container in made.containers.items():
        assert [str(problem) for problem in service_problems("f", name, container)] == []
        assert container["restart"] == "unless-stopped"
        assert container["deploy"]["resources"]["limits"]["memory"]
        assert container["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
        assert container["healthcheck"]["test"] and container["healthcheck"]["start_period"]
        assert ":" in container["image"] and "ports" not in container
        assert [volume.split(":")[0] for volume in container["volumes"]] == ["data"]
        assert SETTINGS["password"] not in str(container), "a password stands where docker inspect shows it"


@pytest.mark.parametrize("preset", ["mysql", "mariadb", "postgres"])
def test_a_database_reads_its_passwords_from_files(preset: str) -> None:
    made = PRESETS[preset]("store", SETTINGS)
    environment = made.containers["store"]["environment"]
    files = {key: value for key, value in environment.items() if "PASSWORD" in key}
    assert files and all(
        key.endswith("_FILE") and value.startswith("/run/secrets/store-") for key, value in files.items()
    )
    assert {Path(value).name for value in files.values()} == set(made.containers["store"]["secrets"])
    assert made.secrets == {"store-password": SETTINGS["password"]}
    assert made.generated == (("store-root-password",) if preset in ROOT_PASSWORDS else ())
    assert "shop" in environment.values() and "seller" in environment.values()


def test_mysql_speaks_utf8() -> None:
    for preset in ROOT_PASSWORDS:
        assert "--character-set-server=utf8mb4" in definition(preset)["command"]


def test_redis_keeps_its_data() -> None:
    assert definition("redis", password="")["command"] == ["redis-server", "--appendonly", "yes"]
    assert "secrets" not in definition("redis", password="")


def _run_with_redis_password(tmp_path: Path, password: str) -> str:
    """The configuration that the preset's command gives to redis-server; a stand-in of that name prints it."""
    (tmp_path / "store-password").write_text(password)
    server = tmp_path / "redis-server"
    server.write_text('#!/bin/sh\n[ "$1" = - ] && cat\n')
    server.chmod(0o755)
    command = [word.replace("/run/secrets", str(tmp_path)) for word in definition("redis")["command"]]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("password", "line"),
    [
        ("simple", 'requirepass "simple"'),
        ("two words # no comment", 'requirepass "two words # no comment"'),
        ('a"b\\c', 'requirepass "a\\"b\\\\c"'),
        ("50%s$HOME", 'requirepass "50%s$HOME"'),
    ],
)
def test_a_redis_password_is_quoted_for_redis(tmp_path: Path, password: str, line: str) -> None:
    """By the rules of redis.conf, where a space or a # would end the value."""
    assert _run_with_redis_password(tmp_path, password).splitlines() == ["appendonly yes", line]


def test_one_node_of_elasticsearch_forms_no_cluster() -> None:
    made = PRESETS["elasticsearch"]("search", {})
    assert list(made.containers) == ["search"]
    assert made.containers["search"]["environment"]["discovery.type"] == "single-node"


@pytest.mark.parametrize("count", [2, 3])
def test_nodes_of_elasticsearch_form_one_cluster(count: int) -> None:
    containers = PRESETS["elasticsearch"]("search", {"nodes": count}).containers
    names = list(containers)
    assert names == ["search", *(f"search-{number}" for number in range(2, count + 1))]
    volumes = [container["volumes"][0].split(":")[0] for container in containers.values()]
    assert len(set(volumes)) == count
    for name, container in containers.items():
        environment = container["environment"]
        assert environment["cluster.initial_master_nodes"].split(",") == names
        assert environment["discovery.seed_hosts"].split(",") == [other for other in names if other != name]
        assert environment["node.name"] == name and environment["cluster.name"] == "search"
        if name != "search":
            assert container["networks"]["default"]["aliases"] == ["search"]
