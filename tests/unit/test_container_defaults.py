"""What a container gets unless its definition says otherwise, and how a definition says so."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.compose import render_release, render_services
from ansible_collections.slipway.vps.plugins.module_utils.container_defaults import container_defaults, merge_definition
from ansible_collections.slipway.vps.plugins.module_utils.presets import PRESETS

from tests.unit.applications import SMALL, application, changed

BOUNDED = {"memory": "1g", "pids": 1024}


def rendered(**web: Any) -> dict[str, Any]:
    made = application(changed(SMALL, processes={"web": web}))
    return render_release(made, list(made.processes)).compose["services"]["web"]


def test_a_process_has_few_rights_and_bounded_needs() -> None:
    web = rendered()
    assert web["security_opt"] == ["no-new-privileges:true"]
    assert web["cap_drop"] == ["ALL"] and "cap_add" not in web
    assert web["deploy"]["resources"]["limits"] == BOUNDED and web["cpu_shares"]
    assert web["logging"]["options"]["max-size"]
    assert "privileged" not in web and "volumes" not in web and "network_mode" not in web


def test_a_service_without_a_preset_has_them_too() -> None:
    made = application(changed(SMALL, services={"cache": {"image": "memcached:1", "cap_add": ["SETUID"]}}))
    cache = render_services(made).compose["services"]["cache"]
    assert cache["cap_drop"] == ["ALL"] and cache["cap_add"] == ["SETUID"]
    assert cache["deploy"]["resources"]["limits"] == BOUNDED


@pytest.mark.parametrize(
    ("own", "key", "expected"),
    [
        ({"cap_add": ["NET_BIND_SERVICE"]}, "cap_add", ["NET_BIND_SERVICE"]),
        ({"cap_drop": []}, "cap_drop", []),
        ({"security_opt": []}, "security_opt", []),
        ({"cpu_shares": 256}, "cpu_shares", 256),
        ({"deploy": {"replicas": 3}}, "deploy", {"replicas": 3, "resources": {"limits": BOUNDED}}),
        ({"mem_limit": "2g"}, "deploy", {"resources": {"limits": {"pids": 1024}}}),
        ({"pids_limit": 50}, "deploy", {"resources": {"limits": {"memory": "1g"}}}),
    ],
)
def test_a_definition_overrides_each(own: dict[str, Any], key: str, expected: Any) -> None:
    assert rendered(**own)[key] == expected


def test_merging_changes_neither() -> None:
    base, over = container_defaults(), {"mem_limit": "2g"}
    merge_definition(base, over)
    assert base == container_defaults() and over == {"mem_limit": "2g"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_names_the_capabilities_that_its_image_needs(preset: str) -> None:
    made = PRESETS[preset]("store", {"database": "shop", "user": "seller", "password": "secret"})
    for container in made.containers.values():
        assert container["cap_drop"] == ["ALL"]
        added = set(container.get("cap_add", []))
        assert added <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
        assert bool(added) == (preset != "elasticsearch")
        # Elasticsearch's official image writes beside its settings.
        assert container.get("read_only", False) == (preset != "elasticsearch")
        assert "/tmp" in container.get("tmpfs", ["/tmp"])
