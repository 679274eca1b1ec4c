"""A release's own Compose project: image, alias, and the wrapper that exports secrets before the entrypoint runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.compose import render_release
from ansible_collections.slipway.vps.plugins.module_utils.release_project import (
    WRAPPER,
    WRAPPER_PATH,
    number_project,
    words,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.applications import WHOLE, application
from tests.unit.shells import SHELLS

IMAGE = "registry.example.com/acme/shop@sha256:" + "1" * 64


def project(image_config: dict[str, Any] | None = None, **web: Any) -> dict[str, Any]:
    """Release 7 of an application whose process `web` has the given keys."""
    definition = {"labels": {"slipway.app": "shop"}, "secrets": ["KEY"], **web}
    compose = {"name": "shop", "services": {"web": definition}, "secrets": {"KEY": {"file": "./secrets/KEY"}}}
    return number_project(
        compose, 7, IMAGE, image_config or {"Entrypoint": ["./boot.sh"], "Cmd": ["serve", "--port=$PORT"]}
    )


def command(image_config: dict[str, Any] | None = None, **web: Any) -> list[str]:
    """What runs behind the wrapper."""
    definition = project(image_config, **web)["services"]["web"]
    assert definition["entrypoint"][:2] == ["/bin/sh", WRAPPER_PATH]
    return [*definition["entrypoint"][2:], *definition["command"]]


def test_the_project_has_its_number_its_image_and_its_alias() -> None:
    made = project()
    web = made["services"]["web"]
    assert made["name"] == "shop-r7" and web["image"] == IMAGE
    assert web["labels"] == {"slipway.app": "shop", "slipway.release": "7"}
    assert web["networks"] == {"default": {"aliases": ["shop-r7-web"]}}
    assert f"./environment.sh:{WRAPPER_PATH}:ro" in web["volumes"]


def test_aliases_and_networks_of_the_user_stay() -> None:
    with_alias = project(networks={"default": {"aliases": ["front"]}, "other": None})["services"]["web"]["networks"]
    assert with_alias == {"default": {"aliases": ["front", "shop-r7-web"]}, "other": None}
    assert project(networks=["other"])["services"]["web"]["networks"] == {
        "other": None,
        "default": {"aliases": ["shop-r7-web"]},
    }


def test_a_process_other_than_web_gets_no_alias() -> None:
    compose = {"name": "shop", "services": {"worker": {"labels": {}}}}
    assert "networks" not in number_project(compose, 1, IMAGE, {})["services"]["worker"]


def test_the_rendering_is_left_as_it_is() -> None:
    compose = {"name": "shop", "services": {"web": {"labels": {}}}}
    number_project(compose, 1, IMAGE, {})
    assert compose == {"name": "shop", "services": {"web": {"labels": {}}}}


# As Docker and Compose combine an image's entrypoint and command with those of a service.
COMMANDS = {
    "the image's own": ({}, ["./boot.sh", "serve", "--port=$$PORT"]),
    "null means the image's own": ({"entrypoint": None, "command": None}, ["./boot.sh", "serve", "--port=$$PORT"]),
    "a command": ({"command": ["migrate"]}, ["./boot.sh", "migrate"]),
    "an empty command": ({"command": []}, ["./boot.sh"]),
    "an entrypoint, so without the image's command": ({"entrypoint": ["rq"]}, ["rq"]),
    "both": ({"entrypoint": ["rq"], "command": ["worker", "jobs"]}, ["rq", "worker", "jobs"]),
    "text": ({"entrypoint": "sh -c", "command": "'echo two  words'"}, ["sh", "-c", "echo two  words"]),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_what_runs_behind_the_wrapper(what: str) -> None:
    given_keys, expected = COMMANDS[what]
    assert command(**given_keys) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"Entrypoint": None, "Cmd": ["python3"]}, ["python3"]),
        ({"Entrypoint": ["/entry", "price$"], "Cmd": None}, ["/entry", "price$$"]),
        ({}, []),
    ],
)
def test_images_with_one_of_the_two(config: dict[str, Any], expected: list[str]) -> None:
    assert command(config or {"Entrypoint": None}) == expected


def test_without_secrets_the_image_runs_as_it_is() -> None:
    compose = {"name": "shop", "services": {"web": {"labels": {}}}}
    web = number_project(compose, 1, IMAGE, {"Entrypoint": ["x"]})["services"]["web"]
    assert not {"entrypoint", "command", "volumes"} & set(web)


def test_hooks_get_the_release_s_facts() -> None:
    shop = application(WHOLE)
    compose = render_release(shop, list(shop.processes)).compose
    made = number_project(compose, 3, IMAGE, {}, {"SLIPWAY_BY": "a$b"})["services"]
    assert made["hook-before-release"]["environment"]["SLIPWAY_BY"] == "a$$b"
    assert "SLIPWAY_BY" not in made["web"]["environment"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, []), ("", []), ("a 'b c'", ["a", "b c"]), (["a b", 3], ["a b", "3"])],
)
def test_words(value: Any, expected: list[str]) -> None:
    assert words(value) == expected


def run_wrapper(shell: list[str], folder: Path, names: list[str], **environment: str) -> dict[str, str]:
    """Runs the wrapper, its folder of secrets being `folder`; returns the environment that the command sees."""
    script = folder.with_name("environment.sh")
    script.write_text(WRAPPER.replace("/run/secrets", str(folder)))
    seen = subprocess.run(
        [*shell, str(script), shutil.which("env") or "env", "-0"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        check=True,
    ).stdout.decode()
    variables = dict(entry.partition("=")[::2] for entry in seen.split("\0") if entry)
    return {name: variables[name] for name in names if name in variables}


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[-1].rpartition("/")[2])
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9]{0,5}_[A-Z0-9_]{0,6}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30),
        max_size=3,
    )
)
def test_every_value_arrives_as_it_is(shell: list[str], tmp_path: Path, secrets: dict[str, str]) -> None:
    folder = tmp_path / "secrets"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, value in secrets.items():
        (folder / name).write_bytes(value.encode())
    assert run_wrapper(shell, folder, list(secrets)) == secrets


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[-1].rpartition("/")[2])
@pytest.mark.parametrize(
    "value",
    [
        "line one\nline two\n",
        "\n\n",
        "quotes ' \" `id` $(id) $HOME",
        "back\\slash \\n",
        "  spaces  ",
        "-n",
        "a=b=c",
        "ü€",
    ],
)
def test_values_that_shells_like_to_spoil(shell: list[str], tmp_path: Path, value: str) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "KEY").write_text(value)
    assert run_wrapper(shell, folder, ["KEY"]) == {"KEY": value}


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[-1].rpartition("/")[2])
def test_the_container_s_own_variables_stay(shell: list[str], tmp_path: Path) -> None:
    """Whatever they are called; and a secret wins over a setting of its name."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "file").write_text("secret")
    (folder / "KEY").write_text("new")
    own = {"value": "1", "name": "2", "path": "3", "KEY": "old"}
    assert run_wrapper(shell, folder, ["file", *own], **own) == {**own, "file": "secret", "KEY": "new"}


def test_without_a_folder_of_secrets_the_command_runs(tmp_path: Path) -> None:
    assert run_wrapper(["sh"], tmp_path / "none", ["KEY"], KEY="x") == {"KEY": "x"}


def test_the_command_replaces_the_shell_and_keeps_its_arguments(tmp_path: Path) -> None:
    script = tmp_path / "environment.sh"
    script.write_text(WRAPPER)
    code = "import os, sys; print(os.getpid(), sys.argv[1:])"
    process = subprocess.Popen(["sh", str(script), "python3", "-c", code, "a b", ""], stdout=subprocess.PIPE, text=True)
    assert process.communicate()[0] == f"{process.pid} ['a b', '']\n"
