"""The Compose projects that an application becomes: what stands in them, and what changes their fingerprints."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.application import Process
from ansible_collections.slipway.vps.plugins.module_utils.compose import (
    ServicesProject,
    escape,
    merge,
    render_release,
    render_services,
    service_ports,
    volume_names,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.applications import SMALL, WHOLE, application, changed

TEXT = st.text(max_size=12)
TREES = st.recursive(
    TEXT | st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
MAPPINGS = st.dictionaries(TEXT, TREES, max_size=4)


def release(data: dict[str, Any] = WHOLE, **more: Any) -> Any:
    shop = application(data)
    return render_release(shop, list(shop.processes), **more)


@given(TREES)
def test_every_dollar_is_doubled_and_nothing_else_changes(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.dumps(escape(value), ensure_ascii=False) == text.replace("$", "$$") or "$" in "".join(_keys(value))


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []


@given(MAPPINGS, MAPPINGS)
def test_merge_takes_the_second_and_leaves_both_as_they_are(base: dict[str, Any], over: dict[str, Any]) -> None:
    before = deepcopy((base, over))
    merged = merge(base, over)
    assert (base, over) == before
    assert set(merged) == {*base, *over}
    assert merge(merged, over) == merged
    assert merge({}, over) == over and merge(base, {}) == base


def test_a_release_has_each_process_with_the_settings_and_the_names_of_the_secrets() -> None:
    compose = release().compose
    assert sorted(compose["services"]) == ["hook-before-release", "migrate", "web", "worker"]
    for name, definition in compose["services"].items():
        assert definition["environment"]["DEBUG"] == "false" and definition["environment"]["RATE"] == "1.5"
        assert definition["environment"]["PRICE"] == "5$$"
        assert definition["secrets"] == ["DATABASE_URL", "SECRET_KEY"]
        assert definition["labels"] == {"slipway.app": "shop", "slipway.process": name}
        assert "image" not in definition
    assert compose["networks"] == {"default": {"name": "shop", "external": True}}
    assert compose["secrets"]["SECRET_KEY"] == {"file": "./secrets/SECRET_KEY"}


def test_no_secret_s_value_is_in_a_rendering() -> None:
    shop = application()
    text = json.dumps([render_services(shop).compose, release().compose])
    for value in ("a$b", "a$$b", "p%40ss", "p@ss"):
        assert value not in text


def test_what_runs_once_is_not_restarted_and_starts_with_no_up() -> None:
    services = release().compose["services"]
    assert services["migrate"]["restart"] == "no" and services["migrate"]["profiles"] == ["migrate"]
    assert "timeout" not in services["migrate"]
    assert services["hook-before-release"]["profiles"] == ["hook"]
    # The image's own entrypoint would start the application instead.
    hook = services["hook-before-release"]
    assert len(hook["entrypoint"]) == 1 and isinstance(hook["command"], list)
    assert services["web"]["restart"] == "unless-stopped" and "profiles" not in services["web"]


def test_named_volumes_are_external_and_paths_are_left() -> None:
    project = release()
    assert project.compose["services"]["web"]["volumes"] == ["shop-uploads:/srv/uploads", "./local:/srv/local"]
    assert project.compose["volumes"] == {"shop-uploads": {"name": "shop-uploads", "external": True}}
    assert project.volumes == ("shop-uploads",)


def test_long_volume_syntax() -> None:
    volumes = [
        {"type": "volume", "source": "files", "target": "/files", "read_only": True},
        {"type": "bind", "source": "/etc/ssl", "target": "/etc/ssl"},
        {"type": "tmpfs", "target": "/tmp"},
    ]
    project = release(changed(SMALL, processes={"web": {"volumes": volumes}}))
    assert project.compose["services"]["web"]["volumes"] == [volumes[0] | {"source": "shop-files"}, *volumes[1:]]
    assert project.volumes == ("shop-files",)


def test_a_process_s_own_settings_win_in_either_form() -> None:
    for own in ({"RATE": 2}, ["RATE=2"]):
        data = changed(WHOLE, processes={"web": {"environment": own}})
        assert str(release(data).compose["services"]["web"]["environment"]["RATE"]) == "2"


def test_labels_of_the_user_stay_in_either_form() -> None:
    for own in ({"team": "blue"}, ["team=blue"]):
        labels = release(changed(SMALL, processes={"web": {"labels": own}})).compose["services"]["web"]["labels"]
        assert labels == {"team": "blue", "slipway.app": "shop", "slipway.process": "web"}


def test_services_on_another_host_are_found_by_name() -> None:
    hosts = release(extra_hosts={"redis-server": "10.0.0.9", "dbserver": "10.0.0.9"}).compose["services"]["web"][
        "extra_hosts"
    ]
    assert hosts == ["dbserver:10.0.0.9", "redis-server:10.0.0.9"]


CHANGES = {
    "a setting": changed(WHOLE, environment=WHOLE["environment"] | {"RATE": 2}),
    "a process's definition": changed(WHOLE, processes=WHOLE["processes"] | {"web": {"deploy": {"replicas": 3}}}),
    "the port": changed(WHOLE, port=5001),
    "the health path": changed(WHOLE, health="/up"),
    "the name of a secret": changed(WHOLE, secrets=WHOLE["secrets"] | {"MORE": "x"}),
    "the migration": changed(WHOLE, migrate={"command": ["flask", "db", "upgrade", "head"]}),
    "a hook": changed(WHOLE, hooks={"before_release": {"container": ["./other.sh"]}}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_release_s_fingerprint_changes_with(what: str) -> None:
    assert release(CHANGES[what]).config != release().config


def test_the_release_s_fingerprint_stays_with_order_and_values_of_secrets() -> None:
    turned = changed(
        WHOLE,
        environment=dict(reversed(WHOLE["environment"].items())),
        secrets={key: value + "x" for key, value in reversed(WHOLE["secrets"].items())},
        processes=dict(reversed(WHOLE["processes"].items())),
        domains=["another.example.com"],
    )
    assert release(turned).config == release().config


def test_services_get_their_database_from_the_application_s_url() -> None:
    project = render_services(application())
    database = project.compose["services"]["dbserver"]
    assert database["image"] == "mariadb:11.8"
    assert database["environment"]["MARIADB_USER"] == "shop" and database["environment"]["MARIADB_DATABASE"] == "shop"
    assert project.secrets == {"dbserver-password": "p@ss"}
    assert project.generated == ("dbserver-root-password",)
    assert set(project.compose["secrets"]) == {"dbserver-password", "dbserver-root-password"}
    assert project.volumes == ("shop-dbserver-data", "shop-redis-server-data", "shop-elasticsearch-data")


def test_services_publish_no_port_unless_they_run_apart() -> None:
    apart = render_services(application(), "10.0.0.9").compose["services"]
    assert apart["dbserver"]["ports"] == ["10.0.0.9:3306:3306"] and apart["cache"]["ports"] == ["10.0.0.9:11211:11211"]
    assert not [name for name, each in render_services(application()).compose["services"].items() if "ports" in each]
    assert service_ports(application()) == {
        "dbserver": 3306,
        "redis-server": 6379,
        "elasticsearch": 9200,
        "cache": 11211,
    }


def test_a_service_s_hash_changes_with_its_password_and_no_other_does() -> None:
    secrets = WHOLE["secrets"] | {"DATABASE_URL": "mysql+pymysql://shop:other@dbserver/shop"}
    before, after = (
        render_services(application()).hashes,
        render_services(application(changed(WHOLE, secrets=secrets))).hashes,
    )
    assert [name for name in before if before[name] != after[name]] == ["dbserver"]


def test_a_service_gets_the_secrets_that_it_names_as_files() -> None:
    def rendered(value: str) -> ServicesProject:
        wanted = {
            "cache": {"image": "memcached:1.6", "secrets": ["DOOR"]},
            "dbserver": {"preset": "mariadb", "secrets": ["DOOR"]},
        }
        return render_services(application(changed(WHOLE, services=wanted, secrets=WHOLE["secrets"] | {"DOOR": value})))

    project = rendered("open")
    assert project.compose["services"]["cache"]["secrets"] == ["DOOR"]
    assert set(project.compose["services"]["dbserver"]["secrets"]) > {"DOOR", "dbserver-password"}
    assert project.compose["secrets"]["DOOR"] == {"file": "./secrets/DOOR"} and project.secrets["DOOR"] == "open"
    assert rendered("shut").hashes["cache"] != project.hashes["cache"], "a new value is a reason to restart it"


def test_equal_services_have_hashes_of_their_own() -> None:
    """Else one that is missing would be taken for the other."""
    twins = changed(SMALL, services={"one": {"image": "memcached:1"}, "two": {"image": "memcached:1"}})
    hashes = render_services(application(twins)).hashes
    assert len(set(hashes.values())) == 2


def test_all_volumes_are_known_by_their_names_on_a_host() -> None:
    shop = application()
    rendered = {*render_services(shop).volumes, *render_release(shop, list(shop.processes)).volumes}
    assert volume_names(shop) == rendered and "shop-dbserver-data" in rendered


def test_a_port_may_be_a_range() -> None:
    service = {"image": "x", "expose": ["8000-8010/tcp", 9000]}
    assert service_ports(application(changed(SMALL, services={"one": service}))) == {"one": 8000}


def test_the_user_s_keys_win_over_a_preset_s() -> None:
    service = {"preset": "redis", "image": "redis:7", "deploy": {"resources": {"limits": {"cpus": "0.5"}}}}
    definition = render_services(application(changed(SMALL, services={"redis": service}))).compose["services"]["redis"]
    assert definition["image"] == "redis:7"
    assert definition["deploy"]["resources"]["limits"] == {"memory": "256m", "pids": 1024, "cpus": "0.5"}


def test_processes_run_where_the_inventory_puts_them() -> None:
    shop = application()
    groups = {"app": ["one", "two"], "worker": ["two"]}
    assert [process.name for process in shop.processes_on("one", groups)] == ["web"]
    assert [process.name for process in shop.processes_on("two", groups)] == ["web", "worker"]
    assert render_release(shop, shop.processes_on("one", groups)).config != release().config
    assert [process.replicas for process in shop.processes] == [2, 1]
    assert Process("web", {}).is_web and shop.upstream(7) == "shop-r7-web"
