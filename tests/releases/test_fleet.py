"""Several hosts: all of them get a release, or none does; data services on a host of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.releases.fleet import Fleet
from tests.releases.jobs import ask

pytestmark = pytest.mark.fleet


@pytest.fixture(scope="module")
def couriers(servers: list[str], pushed: None) -> Iterator[Fleet]:
    """Courier on three hosts, its queue on the fourth; `fault` is a variable of each host that makes it a bad one."""
    fleet = Fleet(servers[:3], servers[3:4])
    yield fleet


@pytest.fixture
def courier(couriers: Fleet) -> Fleet:
    couriers.add("courier", tag="v1", health_timeout="15s", environment={"VERSION": "good"})
    couriers.deploy(*couriers.fast).succeeded()
    return couriers


def containers(fleet: Fleet) -> dict[str, list[str]]:
    return {
        host.name: host.inside("docker ps --quiet --filter label=slipway.process").split()
        for host in fleet.hosts_of_app
    }


def test_data_services_on_a_host_of_their_own(courier: Fleet) -> None:
    """Each host reaches them by their name; their port is bound to the private address and to no other."""
    number = f"fleet-{time.time_ns()}"
    for host in courier.hosts_of_app:
        ask(host.address, "/rows", {"number": f"{number}-{host.name}"})
    rows = ask(courier.first.address, "/counts")["rows"]
    assert {f"{number}-{host.name}" for host in courier.hosts_of_app} <= set(rows)
    data = courier.all_hosts[-1]
    bound = data.inside("docker inspect --format '{{json .HostConfig.PortBindings}}' courier-services-queue-1")
    assert f'"HostIp":"{data.address}"' in bound and bound.count("HostIp") == 1
    assert not data.inside("docker ps --quiet --filter label=slipway.process")


def test_one_host_that_fails_sends_all_back(courier: Fleet) -> None:
    """The second host's new containers exit; nobody on any host notices anything."""
    live, before = courier.live("courier"), containers(courier)
    victim = courier.hosts_of_app[1].name
    courier.change(
        "courier", environment={"VERSION": "half", "REDIS_URL": "{{ broken | default('redis://queue:6379/0') }}"}
    )
    courier.host(victim, broken="nonsense")
    with courier.load("courier.sandbox", readers=6, waiters=0, uploaders=0) as load:
        load.wait_for(20)
        outcome = courier.deploy(*courier.fast).failed(f"{victim}: start failed:", "was taken back. Cause:")
        load.wait_for(20)
    courier.host(victim, broken="redis://queue:6379/0")
    assert load.report.expect_no_failure().versions() == {"good"}
    assert courier.live("courier") == live and containers(courier) == before
    courier.expect_clean("courier")
    for host in courier.hosts_of_app:
        last = host.ledger("courier")[-1]
        assert (last["release"], last["result"]) == (live + 1, "failed") and victim in last["reason"], outcome
    courier.deploy(*courier.fast).succeeded()
    assert courier.live("courier") == live + 2


def test_a_host_that_cannot_be_reached_stops_the_plan(courier: Fleet) -> None:
    live, before = courier.live("courier"), containers(courier)
    away = courier.hosts_of_app[2]
    rule = "iptables -{} INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset"
    away.inside(rule.format("I"))
    try:
        courier.change("courier", environment={"VERSION": "unreachable"})
        courier.deploy(*courier.fast).failed(f"{away.name} cannot be reached", code=4)
    finally:
        away.inside(rule.format("D"))
    assert courier.live("courier") == live and containers(courier) == before


def test_a_host_that_was_away_is_brought_to_the_fleets_release(courier: Fleet) -> None:
    """Two hosts get a release without the third: the plan says that the fleet is mixed, and the next deploy ends it."""
    away = courier.hosts_of_app[2]
    live = courier.live("courier")
    others = ",".join(host.name for host in courier.all_hosts if host.name != away.name)
    courier.release("courier", "without-one", "--limit", others).succeeded()
    before, number = containers(courier), courier.first.live("courier")
    plan = courier.deploy(*courier.fast, "--check", "--diff").succeeded()
    mixed = plan.line_with("the fleet is mixed:")
    assert f"{away.name} has release {live}" in mixed and f"{courier.first.name} has release {number}" in mixed
    with courier.load("courier.sandbox", readers=6, waiters=0, uploaders=0) as load:
        load.wait_for(20)
        courier.deploy(*courier.fast).succeeded()
        load.wait_for(20)
    load.report.expect_no_failure()
    assert courier.live("courier") == number > live
    after = containers(courier)
    assert {name: after[name] for name in others.split(",") if name in after} == {
        name: before[name] for name in others.split(",") if name in before
    }
    courier.expect_clean("courier")
    courier.deploy(*courier.fast).succeeded().says("Nothing to do.")


def test_status_tells_of_each_host(courier: Fleet) -> None:
    outcome = courier.start("status").wait().succeeded()
    live = courier.live("courier")
    assert sum(f"release {live} is live since" in line for line in outcome.lines) == 3
    outcome.says_not("the fleet is mixed")
