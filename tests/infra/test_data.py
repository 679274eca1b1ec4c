"""Data services do their work: a row, a document, a key is written, read back and taken away again."""

import pytest
from checks import each, expect, require, show, the_world

WORLD = the_world()
FACTS = WORLD.facts
HERE = {subject.wanted.name: subject for subject in WORLD.of_kind("service")}
KINDS = {"mariadb": "row", "mysql": "row", "postgres": "row", "redis": "key", "elasticsearch": "document"}
SERVICES = [
    service for service in WORLD.expectation["service_list"] if service["name"] in HERE and service["preset"] in KINDS
]


def of_preset(*presets):
    return [HERE[service["name"]] for service in SERVICES if service["preset"] in presets]


def _result(container):
    found = FACTS["data"].get(container.wanted.name)
    if found is None:
        pytest.skip("the service does not run")
    require(not found["error"], "the service to do it", found["error"], container.name)
    return found


@each("container", of_preset("mariadb", "mysql", "postgres"))
def test_row_is_written_and_read(container):
    found = _result(container)
    expect(found["found"], found["wanted"], container.name)


@each("container", of_preset("mariadb", "mysql", "postgres"))
def test_database_stores_all_of_unicode(container):
    require(
        _result(container)["charset"].lower() in ("utf8mb4", "utf8"),
        "utf8mb4 or UTF8",
        _result(container)["charset"],
        container.name,
    )


@each("container", of_preset("elasticsearch"))
def test_document_is_indexed_and_found(container):
    found = _result(container)
    expect(found["found"], found["wanted"], container.name)


@each("container", of_preset("elasticsearch"))
def test_cluster_is_whole(container):
    found = _result(container)
    nodes = sum(1 for name in HERE if name == container.wanted.name or name.startswith(f"{container.wanted.name}-"))
    require(found["status"] in ("green", "yellow"), "green or yellow", show(found["status"]), container.name)
    expect(found["number_of_nodes"], nodes, f"{container.name}, nodes")


@each("container", of_preset("redis"))
def test_key_is_written_and_read(container):
    found = _result(container)
    expect(found["found"], found["wanted"], container.name)


@each("container", of_preset("redis"))
def test_keys_outlive_a_crash(container):
    found = _result(container)
    expect(found["append_only"], "1", f"{container.name}, append-only file")
    expect(found["append_status"], "ok", f"{container.name}, last write to it")


@each("container", of_preset(*KINDS))
def test_nothing_is_left_behind(container):
    require(_result(container)["left"] == "0", "what was written taken away again", "it is still there", container.name)
