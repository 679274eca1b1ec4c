"""What role docker makes of its variables: versions, repository, daemon.json."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.roles.rendering import evaluate, render

HOST: dict[str, Any] = {
    "distribution": "debian",
    "version": "13",
    "codename": "trixie",
    "architecture": "amd64",
    "packages": {},
    "held": [],
    "sysctls": {},
}


def value(expression: str, **variables: Any) -> Any:
    return evaluate("docker", expression, **{"__docker_host": HOST, **variables})


def test_newest_versions_without_pins() -> None:
    assert value("__docker_pins") == {}
    assert value("__docker_packages") == [
        "docker-ce",
        "docker-ce-cli",
        "containerd.io",
        "docker-buildx-plugin",
        "docker-compose-plugin",
    ]


@pytest.mark.parametrize(
    ("version", "pattern"),
    [("28.0.1", "*:28.0.1-*"), ("5:28.0.1-1~debian.13~trixie", "5:28.0.1-1~debian.13~trixie"), ("5:28.*", "5:28.*")],
)
def test_a_version_pins_engine_and_client(version: str, pattern: str) -> None:
    assert value("__docker_pins", docker_version=version) == {"docker-ce": pattern, "docker-ce-cli": pattern}
    assert f"docker-ce={pattern}" in value("__docker_packages", docker_version=version)


def test_plugins_have_no_epoch() -> None:
    pins = value("__docker_pins", docker_compose_version="2.26.1", docker_containerd_version="1.7.27")
    assert pins == {"docker-compose-plugin": "2.26.1-*", "containerd.io": "1.7.27-*"}


@pytest.mark.parametrize(
    ("installed", "pin", "wanting"),
    [
        ("5:28.0.1-1~debian.13~trixie", "", []),
        ("5:28.0.1-1~debian.13~trixie", "28.0.1", []),
        ("5:28.0.10-1~debian.13~trixie", "28.0.1", ["docker-ce", "docker-ce-cli"]),
        ("5:28.0.1-1~debian.13~trixie", "5:28.0.1-1~debian.13~trixie", []),
        ("5:28.0.1-1~debian.13~trixie", "5:28.0.1-1~debian.12~bookworm", ["docker-ce", "docker-ce-cli"]),
    ],
)
def test_apt_is_asked_only_for_what_is_missing(installed: str, pin: str, wanting: list[str]) -> None:
    names = ["docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin"]
    host = {**HOST, "packages": dict.fromkeys(names, installed)}
    assert evaluate("docker", "__docker_wanting", __docker_host=host, docker_version=pin) == wanting
    del host["packages"]["containerd.io"]
    found = evaluate("docker", "__docker_wanting", __docker_host=host, docker_version=pin)
    assert sorted(found) == sorted([*wanting, "containerd.io"])


def test_preferences_name_each_pinned_package() -> None:
    text = render("docker", "preferences.j2", __docker_host=HOST, docker_version="28.0.1")
    assert r"Pin: version /^.*:28[.]0[.]1-.*$/" in text
    assert text.count("Package:") == 2
    assert "Package:" not in render("docker", "preferences.j2", __docker_host=HOST)


def test_source_follows_the_host() -> None:
    text = render("docker", "docker.sources.j2", __docker_host={**HOST, "distribution": "ubuntu", "codename": "noble"})
    fields = dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert fields == {
        "Types": "deb",
        "URIs": "https://download.docker.com/linux/ubuntu",
        "Suites": "noble",
        "Components": "stable",
        "Architectures": "amd64",
        "Signed-By": "/etc/apt/keyrings/docker.asc",
    }


def test_key_is_looked_for_beside_the_repository() -> None:
    repository = "https://mirror.example.com/docker"
    assert value("__docker_key_url", docker_apt_repository=repository) == f"{repository}/gpg"
    assert value("__docker_key_url", docker_apt_key_url="https://example.com/key") == "https://example.com/key"


def test_daemon_defaults() -> None:
    daemon = value("__docker_daemon")
    assert daemon["log-opts"] == {"max-size": "10m", "max-file": "3"}
    assert daemon["live-restore"] is True
    assert daemon["no-new-privileges"] is True
    assert daemon["icc"] is False and daemon["userland-proxy"] is False
    assert daemon["default-ulimits"]["nofile"]["Hard"] == 65536
    assert "hosts" not in daemon
    assert "registry-mirrors" not in daemon


def test_live_restore_does_not_go_with_swarm() -> None:
    assert value("__docker_daemon", docker_swarm=True)["live-restore"] is False


def test_daemon_options_are_merged_and_null_leaves_one_out() -> None:
    options = {"log-opts": {"max-size": "50m"}, "features": None, "debug": True}
    daemon = value(
        "__docker_daemon", docker_daemon_options=options, docker_registry_mirrors=["https://hub.example.com"]
    )
    assert daemon["log-opts"] == {"max-size": "50m", "max-file": "3"}
    assert daemon["debug"] is True
    assert daemon["registry-mirrors"] == ["https://hub.example.com"]
    assert "features" not in daemon


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"msg": "x", "stderr": "E: write: No space left on device"}, "no space left for Docker's packages"),
        ({"msg": "Failed to lock apt for exclusive operation: /var/lib/apt/lists/"}, "another package manager"),
        ({"msg": "No package matching 'docker-ce' is available"}, "does not have the wanted version"),
        ({"msg": "Failed to update apt cache: W:Failed to fetch http://x"}, "cannot be reached: Failed to update"),
        ({"msg": "Failed to update apt cache: NO_PUBKEY 8D81803C0EBFCD88"}, "is not signed by the key"),
        ({"msg": "the signing key has another fingerprint"}, "the signing key has another fingerprint"),
    ],
)
def test_failures_of_apt_are_told_in_one_line(result: dict[str, str], expected: str) -> None:
    text = value("__docker_install_failure", ansible_failed_result=result)
    assert expected in text
    assert "\n" not in text
