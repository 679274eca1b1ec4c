"""What the inventory wants of each container, and which container is meant."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.application import build_application
from ansible_collections.slipway.vps.plugins.module_utils.compose import render_release, render_services
from ansible_collections.slipway.vps.plugins.module_utils.expectation import (
    container_of,
    expected_container,
    expected_processes,
    expected_services,
    size_in_bytes,
)

DATA = {
    "image": "registry.example.com/acme/shop",
    "domains": ["shop.example.com"],
    "port": 5000,
    "secrets": {"DATABASE_URL": "mysql://shop:pa$$word@db/shop"},
    "migrate": {"command": ["migrate"]},
    "processes": {
        "web": {
            "deploy": {"replicas": 2, "resources": {"limits": {"memory": "384m"}}},
            "volumes": ["media:/srv/media"],
        },
        "worker": {"command": ["work"], "restart": "on-failure:3", "user": "1000", "mem_limit": "1g"},
    },
    "services": {"db": {"preset": "mariadb"}, "cache": {"image": "memcached:1", "healthcheck": {"disable": True}}},
}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("512m", 512 * 2**20),
        ("1.5gb", 3 * 2**29),
        ("2KiB", 2048),
        ("64", 64),
        (1048576, 1048576),
        ("1 g", 2**30),
        ("10B", 10),
    ],
)
def test_sizes_are_read_as_docker_reads_them(text, count):
    assert size_in_bytes(text) == count


@pytest.mark.parametrize("text", ["", "much", "1x", "-1m", True])
def test_a_size_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="not a size"):
        size_in_bytes(text)


def test_each_replica_of_each_process_is_expected_and_the_migration_is_not():
    application = build_application("shop", DATA)
    compose = render_release(application, list(application.processes)).compose
    found = expected_processes(compose, "registry.example.com/acme/shop@sha256:1")
    assert [each.id for each in found] == ["web-1", "web-2", "worker-1"]
    web, worker = found[0], found[2]
    assert web.image == "registry.example.com/acme/shop@sha256:1"
    assert (web.memory, web.restart, web.stays_up) == (384 * 2**20, "unless-stopped", True)
    assert web.volumes == {"/srv/media": "shop-media"}
    assert web.log_options == {"max-size": "10m", "max-file": "3"}
    assert web.has_health_check is None
    assert (worker.memory, worker.restart, worker.stays_up, worker.user) == (2**30, "on-failure:3", False, "1000")


def test_services_are_expected_with_their_configuration_and_health_check():
    rendered = render_services(build_application("shop", DATA))
    found = {each.name: each for each in expected_services(rendered.compose)}
    assert found["db"].config == rendered.hashes["db"]
    assert found["db"].has_health_check is True
    assert found["db"].volumes == {"/var/lib/mysql": "shop-db-data"}
    assert found["cache"].has_health_check is False
    assert found["cache"].memory == 2**30


def test_dollars_of_a_rendered_project_are_single_again():
    definition = {"logging": {"driver": "json-file", "options": {"tag": "$${x}"}}, "volumes": ["a:/b$$c"]}
    found = expected_container("service", "x", definition)
    assert found.log_options == {"tag": "${x}"}
    assert found.volumes == {"/b$c": "a"}


def _inspection(name, number=1, **labels):
    given = {f"slipway.{key}": value for key, value in labels.items()} | {
        "com.docker.compose.container-number": str(number)
    }
    given["com.docker.compose.service"] = labels.get("process") or labels.get("service", "")
    return {"Name": f"/{name}", "Config": {"Labels": given}}


FOUND = [
    _inspection("shop-r2-web-2", 2, app="shop", release="2", process="web"),
    _inspection("shop-r2-web-1", 1, app="shop", release="2", process="web"),
    _inspection("shop-r1-web-1", 1, app="shop", release="1", process="web"),
    _inspection("other-r2-web-1", 1, app="other", release="2", process="web"),
    _inspection("shop-services-db-1", 1, app="shop", service="db"),
    {"Name": "/slipway-proxy", "Config": {"Labels": None}},
]


@pytest.mark.parametrize(
    ("kind", "name", "index", "release", "wanted"),
    [
        ("process", "web", 1, 2, "/shop-r2-web-1"),
        ("process", "web", 2, 2, "/shop-r2-web-2"),
        ("process", "web", 1, 1, "/shop-r1-web-1"),
        ("service", "db", 1, 2, "/shop-services-db-1"),
        ("proxy", "slipway-proxy", 1, 2, "/slipway-proxy"),
    ],
)
def test_a_container_is_found_by_its_labels(kind, name, index, release, wanted):
    expected = expected_container(kind, name, {}, index=index)
    assert container_of(expected, release, "shop", FOUND)["Name"] == wanted


@pytest.mark.parametrize(("name", "index", "release"), [("web", 3, 2), ("web", 2, 1), ("worker", 1, 2)])
def test_no_other_container_is_taken_for_a_missing_one(name, index, release):
    assert container_of(expected_container("process", name, {}, index=index), release, "shop", FOUND) == {}
