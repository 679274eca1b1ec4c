"""The plan compares what a host is with what the inventory wants, and says the difference in words."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.compose import render_release, render_services
from ansible_collections.slipway.vps.plugins.module_utils.plan import HostPlan, Wanted, differences, make_plan
from ansible_collections.slipway.vps.plugins.module_utils.probe import Probe, ProbedContainer
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.applications import WHOLE, application, changed

DIGEST = "sha256:" + "a" * 64
LIVE = 4


def wanted(data: dict[str, Any] = WHOLE, **more: Any) -> Wanted:
    shop = application(data)
    return Wanted(
        **{
            "application": "shop",
            "stamp": "stamp-1",
            "services": render_services(shop),
            "release": render_release(shop, list(shop.processes)),
            "image": "registry.example.com:5000/acme/shop:latest",
            "digest": DIGEST,
            "secrets": "secrets-1",
            "site": "site-1",
            "has_web": True,
            "replicas": {process.name: process.replicas for process in shop.processes},
            **more,
        }
    )


def container(name: str, **more: Any) -> ProbedContainer:
    values = {
        "state": "running",
        "status": "Up 1 hour (healthy)",
        "release": 0,
        "process": "",
        "service": "",
        "config": "",
    }
    return ProbedContainer(application="shop", name=name, **{**values, **more})


def settled() -> Probe:
    """A host that is just as `wanted()` wants it."""
    want = wanted()
    assert want.services is not None and want.release is not None
    services = [
        container(f"shop-services-{name}-1", service=name, config=config)
        for name, config in want.services.hashes.items()
    ]
    processes = [
        container(f"shop-r{LIVE}-{name}-{number}", release=LIVE, process=name)
        for name, count in want.replicas.items()
        for number in range(1, count + 1)
    ]
    proxy = replace(container("slipway-proxy"), application="slipway")
    return Probe(
        system="debian",
        version="13",
        stamp="stamp-1",
        containers=[proxy, *services, *processes],
        live=LIVE,
        upstream=f"shop-r{LIVE}-web",
        site="site-1",
        releases={LIVE: {"number": LIVE, "digest": DIGEST, "config": want.release.config, "secrets": "secrets-1"}},
        rendered=want.release.compose,
        services=want.services.compose,
        ledger=[{"release": LIVE, "result": "live"}],
        journal={LIVE: {"step": "settle", "state": "done"}},
        digest=DIGEST,
    )


def plan(probe: Probe, want: Wanted | None = None) -> HostPlan:
    return make_plan(want or wanted(), probe)


def without(probe: Probe, name: str) -> Probe:
    return replace(probe, containers=[each for each in probe.containers if each.name != name])


def with_container(probe: Probe, name: str, **changes: Any) -> Probe:
    assert any(each.name == name for each in probe.containers)
    containers = [replace(each, **changes) if each.name == name else each for each in probe.containers]
    return replace(probe, containers=containers)


def test_a_bare_host_gets_everything() -> None:
    made = plan(Probe(system="debian", version="13"), wanted(digest=""))
    assert made.groups == ["lacks_server", "lacks_services", "lacks_release"]
    assert made.server == ["server: set up from bare (Python, operator, SSH, firewall, Docker, registry login, proxy)"]
    assert made.services == [
        "dbserver: created from mariadb:11.8",
        "redis-server: created from redis:8",
        "elasticsearch: created from elasticsearch:8.11.4",
        "cache: created from memcached:1",
        "proxy site: created",
    ]
    assert made.release == ["first release: registry.example.com:5000/acme/shop:latest"]
    assert made.consent == {}


def test_an_unchanged_host_gets_nothing() -> None:
    made = plan(settled())
    assert made.groups == [] and made.consent == {} and made.notes == []
    assert made.left_alone == ["dbserver", "redis-server", "elasticsearch", "cache", f"release {LIVE}"]


def test_a_digest_that_nobody_knows_is_no_change() -> None:
    assert plan(settled(), wanted(digest="")).groups == []


def test_a_new_image() -> None:
    made = plan(settled(), wanted(digest="sha256:" + "b" * 64))
    assert made.groups == ["lacks_release"]
    assert made.release == [f"image: {'a' * 12} becomes {'b' * 12} (registry.example.com:5000/acme/shop:latest)"]


def test_changed_settings_are_named_and_their_values_are_not() -> None:
    environment = WHOLE["environment"] | {"RATE": 987654, "NEW_ONE": "x"}
    made = plan(settled(), wanted(changed(WHOLE, environment=environment)))
    (line,) = made.release
    assert "web.environment.RATE" in line and "worker.environment.NEW_ONE" in line and "987654" not in line


def test_a_changed_port_is_a_setting_of_no_container() -> None:
    made = plan(settled(), wanted(changed(WHOLE, port=5001)))
    assert made.release == ["settings: port or health path changed"]


def test_changed_secrets_are_not_shown() -> None:
    assert plan(settled(), wanted(secrets="secrets-2")).release == ["secrets: changed (values are never shown)"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"stamp": "stamp-0"}, "server: its settings or its roles have changed since they were last applied"),
        ({"stamp": ""}, "server: set up (no stamp found)"),
        ({"engine": False}, "server: the Docker engine does not answer"),
    ],
)
def test_a_server_that_is_not_as_wanted(changes: dict[str, Any], line: str) -> None:
    assert plan(replace(settled(), **changes)).server == [line]


def test_a_proxy_that_does_not_run() -> None:
    assert plan(without(settled(), "slipway-proxy")).server == ["server: the proxy is not running"]
    assert plan(with_container(settled(), "slipway-proxy", state="exited")).server
    assert plan(without(settled(), "slipway-proxy"), wanted(has_web=False)).server == []


def test_a_data_service_that_changed_needs_consent_and_says_why() -> None:
    services = WHOLE["services"] | {"cache": {"image": "memcached:2", "expose": ["11211"]}}
    made = plan(settled(), wanted(changed(WHOLE, services=services)))
    assert made.services == ["cache: recreated, since image changed"]
    assert made.consent == {"cache": "image"}
    assert made.groups == ["lacks_services"]


def test_a_data_service_with_another_password_says_no_more_than_that() -> None:
    secrets = WHOLE["secrets"] | {"DATABASE_URL": "mysql+pymysql://shop:changed@dbserver/shop"}
    made = plan(settled(), wanted(changed(WHOLE, secrets=secrets)))
    assert made.services == ["dbserver: recreated, since its secrets changed"]
    assert made.consent == {"dbserver": "its secrets"}


def test_a_data_service_that_is_missing_or_stopped_needs_no_consent() -> None:
    assert plan(without(settled(), "shop-services-cache-1")).services == ["cache: created from memcached:1"]
    stopped = with_container(settled(), "shop-services-cache-1", state="exited", status="Exited (0) 1 hour ago")
    assert plan(stopped).services == ["cache: waited for or started (Exited (0) 1 hour ago)"]
    assert plan(stopped).consent == {}
    services = WHOLE["services"] | {"cache": {"image": "memcached:2"}}
    assert plan(stopped, wanted(changed(WHOLE, services=services))).consent == {}


def test_one_of_two_equal_data_services_is_missing() -> None:
    data = changed(WHOLE, services={"one": {"image": "memcached:1"}, "two": {"image": "memcached:1"}})
    want = wanted(data)
    assert want.services is not None
    there = container("shop-services-one-1", service="one", config=want.services.hashes["one"])
    made = plan(Probe(stamp="stamp-1", containers=[there]), want)
    assert made.services[0] == "two: created from memcached:1" and "one" in made.left_alone


def test_a_data_service_that_left_the_inventory_needs_consent() -> None:
    services = {name: each for name, each in WHOLE["services"].items() if name != "cache"}
    made = plan(settled(), wanted(changed(WHOLE, services=services)))
    assert made.services == ["cache: removed (its volume stays), it is no longer in the inventory"]
    assert made.removed == ["cache"]
    assert made.consent == {}


def test_containers_of_other_applications_are_nobody_s_business() -> None:
    probe = settled()
    other = replace(container("blog-services-db-1", service="db", config="x"), application="blog")
    probe.containers += [other, replace(other, name="blog-r1-web-1", service="", process="web", release=1)]
    assert plan(probe).groups == []


def test_a_site_that_changed() -> None:
    assert plan(settled(), wanted(site="site-2")).services == ["proxy site: changed (domains, port or proxy settings)"]


def test_a_process_that_stopped_is_started_again() -> None:
    stopped = with_container(settled(), f"shop-r{LIVE}-web-2", state="exited", status="Exited (137)")
    assert plan(stopped).release == ["web: 1 of 2 containers run, started again"]


def test_a_proxy_that_sends_requests_elsewhere() -> None:
    made = plan(replace(settled(), upstream="shop-r3-web"))
    assert made.release == ["proxy: does not send requests to the live release"]


def test_a_release_that_a_cut_off_deploy_left_over() -> None:
    probe = settled()
    probe.containers.append(container("shop-r3-worker-1", release=3, process="worker"))
    assert plan(probe).release == ["release 3: left over from a deploy that was cut off, finished"]


@pytest.mark.parametrize(
    ("journal", "phase"),
    [({"step": "switch", "state": "done"}, "switch"), ({"step": "settle", "state": "begun"}, "settle")],
)
def test_a_release_that_was_cut_off_after_its_switch(journal: dict[str, Any], phase: str) -> None:
    made = plan(replace(settled(), journal={LIVE: journal}))
    assert made.release == [f"release {LIVE}: was cut off in its phase {phase}, finished"]


def test_a_release_that_was_cut_off_before_its_switch() -> None:
    probe = settled()
    probe.releases[LIVE + 1] = {"number": LIVE + 1, "digest": "sha256:" + "b" * 64}
    made = plan(probe, wanted(digest="sha256:" + "b" * 64))
    assert made.notes == [f"release {LIVE + 1} was cut off and is cleaned up"]


def test_maintenance_mode_is_told() -> None:
    made = plan(replace(settled(), maintenance=True))
    assert made.groups == [] and "maintenance mode is on" in made.notes[0]


def test_a_host_of_data_services_alone() -> None:
    probe = replace(settled(), live=0, upstream="", releases={}, journal={}, site="")
    made = plan(probe, wanted(release=None, has_web=False, replicas={}))
    assert made.groups == []


TREES = st.recursive(
    st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.text("abc", min_size=1), TREES, max_size=4))
def test_a_rendering_does_not_differ_from_itself(value: dict[str, Any]) -> None:
    assert differences(value, deepcopy(value)) == []


def test_differences_are_paths_and_leave_labels_out() -> None:
    before = {"services": {"web": {"image": "a", "labels": {"x": "1"}, "environment": {"A": "1", "B": "2"}}}}
    after = {"services": {"web": {"image": "b", "labels": {"x": "2"}, "environment": {"A": "1", "C": "3"}}}}
    assert differences(before, after) == ["web.environment.B", "web.environment.C", "web.image"]
