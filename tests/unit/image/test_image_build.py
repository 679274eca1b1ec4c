"""The build on the builder: the command, the labels, what a failure says, the record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.image_build import (
    CONTENT_LABEL,
    Build,
    _labels,
    explain_build,
    record,
)

BUILD = Build(
    app="shop",
    image="registry.example.com/acme/shop",
    tag="0123abc",
    content="c" * 64,
    commit="0123abc" + "0" * 33,
    created="2026-01-02T03:04:05Z",
    target="release",
    arguments={"VERSION": "1.2 3"},
)


def test_command() -> None:
    command = BUILD.command()
    assert command[:3] == ["docker", "buildx", "build"]
    assert command[-1] == "-"
    assert "--tag=registry.example.com/acme/shop:0123abc" in command
    assert "--tag=registry.example.com/acme/shop:latest" in command
    assert "--provenance=false" in command
    assert "--target=release" in command
    assert not any(word.startswith("--platform") for word in command)


def test_an_image_for_another_kind_of_machine() -> None:
    assert "--platform=linux/arm64" in replace(BUILD, platform="linux/arm64").command()


def test_values_of_build_arguments_are_no_part_of_the_command() -> None:
    assert "--build-arg=VERSION" in BUILD.command()
    assert not any("1.2 3" in word for word in BUILD.command())


def test_labels_tell_where_the_image_comes_from() -> None:
    labels = BUILD.labels()
    assert labels["org.opencontainers.image.revision"] == BUILD.commit
    assert labels["org.opencontainers.image.created"] == "2026-01-02T03:04:05Z"
    assert labels["slipway.app"] == "shop"
    assert labels[CONTENT_LABEL] == BUILD.content


def test_without_git_there_is_no_revision_and_the_time_is_now() -> None:
    labels = Build(app="shop", image="shop", tag="content-1", content="1").labels()
    assert "org.opencontainers.image.revision" not in labels
    assert labels["org.opencontainers.image.created"].endswith("Z")


def test_labels_of_one_platform_and_of_several() -> None:
    one = {"architecture": "amd64", "config": {"Labels": {"a": "b"}}}
    assert _labels(one) == {"a": "b"}
    assert _labels({"linux/amd64": one, "linux/arm64": one}) == {"a": "b"}
    assert _labels({"config": {}}) == {}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            '#5 0.1 + false\nERROR: failed to solve: process "/bin/sh -c false" did not complete: exit code: 1\n',
            'the build failed: process "/bin/sh -c false" did not complete: exit code: 1',
        ),
        ("#7 write /x: no space left on device\nERROR: failed to solve: x\n", "no space left for the build"),
        (
            "#9 pushing layers\nERROR: failed to solve: failed to push r/shop: unauthorized: authentication required\n",
            "the registry refused the login",
        ),
        (
            "#9 pushing r/acme/shop with docker\nERROR: dial tcp 10.0.0.1:443: connect: connection refused\n",
            "the registry cannot be reached",
        ),
        ("", "the build failed: no output"),
    ],
)
def test_failures_are_told_in_one_line(output: str, expected: str) -> None:
    text = explain_build(output)
    assert text.startswith(expected)
    assert "\n" not in text


def test_a_platform_that_the_builder_cannot_run_is_named_and_a_bad_script_is_not_taken_for_one() -> None:
    output = "#6 exec ./setup: exec format error\nERROR: failed to solve: exit code: 255\n"
    assert "this builder cannot run programs for linux/arm64" in explain_build(output, "linux/arm64")
    assert explain_build(output) == "the build failed: exit code: 255"


def test_each_build_is_recorded_once(tmp_path: Path) -> None:
    path = tmp_path / "shop/builds.jsonl"
    assert record(path, BUILD, "sha256:1", "user@host") is True
    assert record(path, BUILD, "sha256:1", "user@host") is False
    assert record(path, BUILD, "sha256:2", "user@host") is True
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["digest"] for line in lines] == ["sha256:1", "sha256:2"]
    assert lines[0]["format"] == 1
    assert lines[0]["by"] == "user@host"
