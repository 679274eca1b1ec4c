"""What providers do not sell is told with the nearest that they do; what is to be done is told in words."""

from __future__ import annotations

from ansible_collections.slipway.vps.plugins.module_utils.cloud_lightsail import Lightsail
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import Catalogue, Offer
from ansible_collections.slipway.vps.plugins.module_utils.cloud_plan import (
    catalogue_problems,
    make_plan,
    settings_mark,
)

from tests.unit.clouds.wishes import found, wanted

CATALOGUE = Catalogue(
    regions={"fra1", "ams3", "nyc1"},
    sizes={
        "s-1vcpu-2gb": Offer("s-1vcpu-2gb", 12.0, frozenset({"fra1", "ams3"})),
        "s-2vcpu-4gb": Offer("s-2vcpu-4gb", 24.0, frozenset({"ams3"})),
    },
    images={"debian-12-x64", "debian-13-x64", "ubuntu-24-04-x64"},
    without_user_data={"nyc1"},
)


def mistakes(**change: str) -> list[str]:
    servers = [wanted("web-0"), wanted(**change)]
    plan = make_plan("production", "shop", servers, [found(servers[0])], {})
    return [str(problem) for problem in catalogue_problems("production", servers, plan, {"digitalocean": CATALOGUE})]


def test_what_is_sold_is_no_mistake() -> None:
    assert mistakes() == []


def test_the_nearest_names_are_offered() -> None:
    assert mistakes(region="fra") == [
        "production: servers.1.region: found fra, which digitalocean does not have; expected for instance fra1"
    ]
    (line,) = mistakes(image="debian-13")
    assert line.startswith(
        "production: servers.1.image: found debian-13, which digitalocean does not have; expected for"
    )
    assert "debian-13-x64" in line and "ubuntu" not in line
    (line,) = mistakes(size="huge")
    assert "servers.1.size: found huge" in line and "s-1vcpu-2gb" in line


def test_a_size_that_is_sold_out() -> None:
    assert mistakes(size="s-2vcpu-4gb") == [
        "production: servers.1.size: found s-2vcpu-4gb, sold out or never sold in fra1;"
        " expected another size, or a region that has it (ams3)"
    ]


def test_a_region_without_user_data() -> None:
    assert any(
        "servers.1.region: found nyc1, which has none; expected one with cloud-init" in line
        for line in mistakes(region="nyc1")
    )


def test_a_server_that_exists_is_not_looked_up() -> None:
    server = wanted(image="withdrawn-long-ago")
    plan = make_plan("production", "shop", [server], [found(server)], {"web-1": settings_mark(server)})
    assert catalogue_problems("production", [server], plan, {"digitalocean": CATALOGUE}) == [] and not plan.changes


def test_the_plan_in_words() -> None:
    servers = [wanted(), wanted("web-2"), wanted("web-3", size="s-2vcpu-4gb")]
    there = [found(servers[1]), found(wanted("web-3"), id="3"), found(wanted("old"), id="9")]
    marks = {"web-3": settings_mark(servers[2])}
    plan = make_plan("production", "shop", servers, there, marks, ["web-3"])
    assert plan.lines({"digitalocean": CATALOGUE}) == [
        "web-1: create (digitalocean fra1 s-1vcpu-2gb debian-13-x64, 12.00 USD a month)",
        "web-3: resize from s-1vcpu-2gb to s-2vcpu-4gb, with a restart",
        "web-2: finish setting it up",
    ]
    assert [server.name for server in plan.orphans] == ["old"]


def test_what_differs_is_shown_as_a_diff() -> None:
    server = wanted(size="s-2vcpu-4gb")
    for consent in ([], ["web-1"]):
        plan = make_plan("production", "shop", [server], [found(wanted())], {}, consent)
        assert plan.diff() == [
            "  web-1 differs from the inventory",
            "- size: s-1vcpu-2gb",
            "+ size: s-2vcpu-4gb",
        ]
        assert bool(plan.problems) == (not consent)


def test_a_size_that_cannot_be_changed_needs_no_consent() -> None:
    server = wanted(provider="lightsail", size="medium_3_0")
    help_text = Lightsail.fixed_size
    plan = make_plan("production", "shop", [server], [found(wanted(provider="lightsail"))], {}, ["web-1"],
                     {"lightsail": help_text})  # fmt: skip
    assert [str(problem) for problem in plan.problems] == [
        "production: server web-1: found size small_3_0 there, medium_3_0 in the inventory; expected what is there:"
        " Lightsail cannot change the size of a server (docs/lightsail.md tells how to move)"
    ]
    assert not plan.resize


def test_a_server_gets_no_size_that_is_not_sold() -> None:
    server = wanted(size="s-2vcpu-4g")
    plan = make_plan("production", "shop", [server], [found(wanted())], {}, ["web-1"])
    (problem,) = catalogue_problems("production", [server], plan, {"digitalocean": CATALOGUE})
    assert "s-2vcpu-4g, which digitalocean does not have; expected for instance s-2vcpu-4gb" in str(problem)


def test_consent_for_a_server_that_is_none() -> None:
    plan = make_plan("production", "shop", [wanted()], [found(wanted())], {}, ["web-9"])
    assert [str(problem) for problem in plan.problems] == [
        "production: -e resize: found web-9; expected a server of the inventory that exists: web-1"
    ]
