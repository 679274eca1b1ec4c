"""Each mistake in an application's file is one line that names the file, the key, what was found, what was expected."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.application import build_application
from ansible_collections.slipway.vps.plugins.module_utils.compose import render_release, render_services
from ansible_collections.slipway.vps.plugins.module_utils.credentials import credential_problems
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.validation import application_problems
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.applications import SMALL, WHOLE, changed

FILE = "apps/shop.yml"


def problems(data: Any, name: str = "shop") -> list[Problem]:
    return application_problems(FILE, name, data)


def small(**changes: Any) -> dict[str, Any]:
    return changed(SMALL, **changes)


@pytest.mark.parametrize("data", [SMALL, WHOLE], ids=["small", "whole"])
def test_a_good_file_has_no_problem(data: dict[str, Any]) -> None:
    assert problems(data) == []


def test_a_worker_alone_needs_no_domain_and_no_port() -> None:
    assert problems({"image": "acme/clock", "processes": {"worker": {"command": ["tick"]}}}) == []


SERVICE = {"preset": "redis"}
MISTAKES = {
    "misspelt key": (small(domain=["a"]), "domain", "a key that is not known", "`domains` perhaps"),
    "unknown key": (small(zebra=1), "zebra", "a key that is not known", "one of build, dns_check, domains"),
    "no image": (small(image=None), "image", "nothing", "an image name"),
    "image that is none": (small(image="Acme/Shop"), "image", '"Acme/Shop"', "an image name"),
    "image with a double slash": (small(image="acme//shop"), "image", '"acme//shop"', "an image name"),
    "image as a list": (small(image=["a"]), "image", '["a"]', "an image name"),
    "tag that is none": (small(tag="a b"), "tag", '"a b"', "an image tag"),
    "platform that is none": (
        small(build={"context": ".", "platform": "arm64"}),
        "build.platform",
        '"arm64"',
        "linux/amd64 or linux/arm64",
    ),
    "no domain": (small(domains=None), "domains", "nothing", "since there is a process `web`"),
    "domains as text": (small(domains="a.example"), "domains", '"a.example"', "a list of domain names"),
    "domain with a scheme": (small(domains=["https://a.example"]), "domains", '"https://a.example"', "such as shop"),
    "domain with a port": (small(domains=["a.example:80"]), "domains", '"a.example:80"', "such as shop"),
    "domain twice": (small(domains=["a.example", "A.example"]), "domains", "`A.example` twice", "each domain once"),
    "no port": (small(port=None), "port", "nothing", "since there is a process `web`"),
    "port as text": (small(port="8000"), "port", '"8000"', "1 to 65535"),
    "port too high": (small(port=65536), "port", "65536", "1 to 65535"),
    "port true": (small(port=True), "port", "true", "1 to 65535"),
    "health without a slash": (small(health="health"), "health", '"health"', "a path that starts with /"),
    "duration that is none": (small(health_timeout="soon"), "health_timeout", '"soon"', "a duration"),
    "negative duration": (small(drain_timeout=-1), "drain_timeout", "-1", "a duration"),
    "no process": (small(processes=None), "processes", "nothing", "at least one process"),
    "processes as a list": (small(processes=["web"]), "processes", '["web"]', "a mapping of process names"),
    "process name": (small(processes={"My_Worker": {}}), "processes.My_Worker", '"My_Worker"', "a host-name label"),
    "process named migrate": (small(processes={"migrate": {}}), "processes.migrate", '"migrate"', "Slipway"),
    "process named like a hook": (small(processes={"hook-x": {}}), "processes.hook-x", '"hook-x"', "Slipway"),
    "process as text": (small(processes={"web": "run"}), "processes.web", '"run"', "a mapping"),
    "process named like a service": (
        small(processes={"web": {}, "cache": {}}, services={"cache": SERVICE}),
        "processes.cache",
        "a service of the same name",
        "different names",
    ),
    "replicas": (small(processes={"web": {"deploy": {"replicas": -1}}}), "processes.web.deploy.replicas", "-1", "0"),
    "deploy as text": (small(processes={"web": {"deploy": "twice"}}), "processes.web.deploy", '"twice"', "object"),
    "misspelt Compose key": (
        small(processes={"web": {"enviroment": {}}}),
        "processes.web.enviroment",
        "a key that is not known",
        "`environment` perhaps",
    ),
    "invalid Compose value": (
        small(processes={"web": {"restart": ["always"]}}),
        "processes.web.restart",
        '["always"]',
        "string (Compose specification)",
    ),
    "misspelt inner Compose key": (
        small(processes={"web": {"healthcheck": {"intervall": "1s"}}}),
        "processes.web.healthcheck.intervall",
        "a key that is not known",
        "`interval` perhaps",
    ),
    "a key that Slipway decides": (
        small(processes={"web": {"container_name": "x"}}),
        "processes.web.container_name",
        "a key that Slipway decides",
        "without it",
    ),
    "aliases as a number": (
        small(processes={"web": {"networks": {"default": {"aliases": 5}}}}),
        "processes.web.networks.default.aliases",
        "5",
        "array (Compose specification)",
    ),
    "alias twice": (
        small(
            processes={"web": {"networks": {"default": {"aliases": ["cache"]}}}},
            services={"cache": SERVICE},
        ),
        "processes.web",
        "the alias `cache`, which services.cache has too",
        "each alias once",
    ),
    "environment as a list": (small(environment=["A=1"]), "environment", '["A=1"]', "a mapping"),
    "environment name": (small(environment={"MY-NAME": "1"}), "environment.MY-NAME", '"MY-NAME"', "underscores"),
    "environment value": (small(environment={"A": {"b": 1}}), "environment.A", '{"b": 1}', "a plain value"),
    "secret without a value": (small(secrets={"KEY": None}), "secrets.KEY", "no value", "from the vault"),
    "empty secret": (small(secrets={"KEY": ""}), "secrets.KEY", "no value", "from the vault"),
    "secret and setting": (
        small(secrets={"KEY": "s"}, environment={"KEY": "p"}),
        "secrets.KEY",
        "the same name under environment",
        "one of the two",
    ),
    "build without a folder": (small(build={"dockerfile": "D"}), "build.context", "null", "the folder"),
    "unknown build key": (small(build={"context": ".", "arg": {}}), "build.arg", "not known", "`args` perhaps"),
    "migrate without a command": (small(migrate={"timeout": "1m"}), "migrate.command", "nothing", "the command"),
    "migrate timeout": (small(migrate={"command": ["m"], "timeout": "x"}), "migrate.timeout", '"x"', "a duration"),
    "preset that is none": (
        small(services={"db": {"preset": "oracle"}}),
        "services.db.preset",
        '"oracle"',
        "one of elasticsearch, mariadb, mysql, postgres, redis",
    ),
    "service without an image": (small(services={"db": {}}), "services.db.image", "nothing", "an image, or a preset"),
    "a service's secret that is none of the application's": (
        small(services={"db": {**SERVICE, "secrets": ["DOOR"]}}, secrets={"DOR": "x"}),
        "services.db.secrets",
        '"DOOR"',
        "under `secrets` of the application: DOR",
    ),
    "service as text": (small(services={"db": "redis"}), "services.db", '"redis"', "a preset or a Compose service"),
    "service name": (small(services={"Db": SERVICE}), "services.Db", '"Db"', "a host-name label"),
    "nodes": (
        small(services={"es": {"preset": "elasticsearch", "nodes": "two"}}),
        "services.es.nodes",
        '"two"',
        "1 or more",
    ),
    "no node": (small(services={"es": {"preset": "elasticsearch", "nodes": 0}}), "services.es.nodes", "0", "1 or more"),
    "preset setting": (
        small(services={"db": {"preset": "redis", "password": {"a": 1}}}),
        "services.db.password",
        "no plain value",
        "a plain value",
    ),
    "volumes as a number": (
        small(services={"db": {"image": "x", "volumes": 5}}),
        "services.db.volumes",
        "5",
        "array (Compose specification)",
    ),
    "a volume shared by two services": (
        small(
            services={
                "one": {"image": "x", "volumes": ["data:/data"]},
                "two": {"image": "x", "volumes": [{"type": "volume", "source": "data", "target": "/data"}]},
            }
        ),
        "services.two.volumes",
        "the volume `data`, which services.one has too",
        "a volume for each service",
    ),
    "a process with a service's volume": (
        small(
            processes={"web": {"volumes": ["cache-data:/data"]}},
            services={"cache": {"image": "x", "volumes": ["data:/data"]}},
        ),
        "processes.web.volumes",
        "the volume `cache-data`",
        "another name",
    ),
    "unknown hook": (small(hooks={"before": {}}), "hooks.before", "not known", "`before_release` perhaps"),
    "hook of both kinds": (
        small(hooks={"on_failure": {"command": ["a"], "container": ["b"]}}),
        "hooks.on_failure",
        '{"command": ["a"]',
        "`command` (on the controller) or `container`",
    ),
    "hook as text": (small(hooks={"on_failure": {"command": "a b"}}), "hooks.on_failure", '"a b"', "a list of words"),
    "hook without a word": (small(hooks={"on_failure": {"command": []}}), "hooks.on_failure", "[]", "a list of words"),
    "hook timeout": (
        small(hooks={"on_failure": {"command": ["a"], "timeout": "never"}}),
        "hooks.on_failure.timeout",
        '"never"',
        "a duration",
    ),
    "no mapping": ("just text", "(whole file)", '"just text"', "a mapping with image"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(mistake: str) -> None:
    data, key, found, expected = MISTAKES[mistake]
    lines = [str(problem) for problem in problems(data)]
    matching = [line for line in lines if line.startswith(f"{FILE}: {key}: found ")]
    assert matching, f"no line for {key} in {lines}"
    text, _, wanted = matching[0].removeprefix(f"{FILE}: {key}: found ").partition("; expected ")
    assert found in text and expected in wanted
    assert "\n" not in matching[0]


@pytest.mark.parametrize("name", ["Shop", "my_shop", "-shop", "shop-", "", "s" * 41, "proxy", "localhost", "a.b"])
def test_an_application_name_that_is_none(name: str) -> None:
    assert [problem.key for problem in problems(SMALL, name)] == ["name"]


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "acme/microblog",
        "registry.example.com:5000/acme/my_shop-2/web:1.0-rc.1",
        "localhost:5000/shop",
        "ghcr.io/acme/a__b:Main",
    ],
)
def test_image_names(image: str) -> None:
    assert problems(small(image=image)) == []


def test_all_problems_are_told_at_once() -> None:
    found = problems({"image": "", "processes": {"web": {}}, "services": {"db": {"preset": "x"}}})
    assert {problem.key for problem in found} >= {"image", "domains", "port", "services.db.preset"}
    assert str(InputError(found)).count("\n") == len(found) - 1


def test_a_secret_s_value_is_never_shown() -> None:
    found = problems(small(secrets={"KEY": ["hunter2"], "BAD-NAME": "hunter2"}))
    assert len(found) == 2
    assert not [problem for problem in found if "hunter2" in str(problem)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
COMPOSE_KEYS = st.sampled_from(
    ["deploy", "networks", "volumes", "environment", "healthcheck", "command", "preset", "image"]
)


@settings(max_examples=150)
@given(st.sampled_from(sorted(WHOLE)), VALUES)
def test_any_value_under_any_key_is_judged_and_never_a_crash(key: str, value: Any) -> None:
    for problem in problems({**WHOLE, key: value}):
        assert problem.file == FILE and problem.key and problem.expected


@settings(max_examples=150)
@given(
    st.sampled_from(["processes", "services", "hooks", "migrate"]), st.dictionaries(COMPOSE_KEYS, VALUES, max_size=3)
)
def test_any_definition_is_judged_and_a_good_one_is_rendered(key: str, definition: dict[str, Any]) -> None:
    value = definition if key == "migrate" else {"before_release" if key == "hooks" else "web": definition}
    data = {**SMALL, key: value}
    found = problems(data)
    assert all(problem.expected for problem in found)
    if not found:
        shop = build_application("shop", data)
        if not credential_problems(FILE, shop):
            assert render_services(shop).compose and render_release(shop, list(shop.processes)).config
