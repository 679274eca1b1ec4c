"""Secrets: on the host, root's alone, and in no `docker inspect`, no process's arguments, no file that everybody can
read.
"""

import pytest
from checks import each, expect, require, show, the_world

WORLD = the_world()
FACTS, LEAKS = WORLD.facts, WORLD.facts["leaks"]
NAMES = LEAKS["names"]


def _not_found(secret, place, where):
    if secret in LEAKS["short"]:
        pytest.skip("its value is too short to be told from other text")
    found = LEAKS[place].get(secret, [])
    require(not found, f"its value in {where}", show(found[:5]))


@each("secret", WORLD.expectation["secret_names"])
def test_is_on_the_host(secret):
    require(secret in NAMES, f"a file {secret} in a folder of secrets", "none")


@each("secret", NAMES)
def test_is_in_no_inspect(secret):
    _not_found(secret, "inspect", "no container's `docker inspect`")


@each("secret", NAMES)
def test_is_in_no_arguments(secret):
    _not_found(secret, "arguments", "the arguments of no process")


@each("secret", NAMES)
def test_is_in_no_file_that_everybody_can_read(secret):
    _not_found(secret, "files", "no file that everybody can read")


@each("path", sorted(FACTS["modes"]))
def test_path_is_for_root_alone(path):
    found = FACTS["modes"][path]
    expect(found["owner"], 0, "owner")
    require(found["mode"][-2:] == "00", "a mode that ends in 00", found["mode"])
