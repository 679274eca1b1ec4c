"""What Linode is asked, field by field, and how its answers are read. The answers have the published form."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from ansible_collections.slipway.vps.plugins.module_utils.cloud_linode import Linode, connect
from ansible_collections.slipway.vps.plugins.module_utils.cloud_linode_forms import firewall_body
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import CloudError, Volume

from tests.unit.clouds.keys import ED25519
from tests.unit.clouds.wishes import found, wanted

API = "https://api.linode.com/v4"
INSTANCE = {
    "id": 123,
    "label": "web-1",
    "status": "running",
    "region": "eu-central",
    "type": "g6-standard-1",
    "image": "linode/debian13",
    "tags": ["slipway:shop", "slipway:shop:web-1"],
    "ipv4": ["192.168.140.2", "203.0.113.7"],
    "ipv6": "2001:db8::7/128",
    "backups": {"enabled": True},
}


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def linode(api: responses.RequestsMock) -> Linode:
    provider = connect("secret-token", "", "", lambda text: None)
    provider._sleep = provider._call._sleep = lambda seconds: None
    return provider


def page(*items: Any, number: int = 1, pages: int = 1) -> dict[str, Any]:
    return {"data": list(items), "page": number, "pages": pages, "results": len(items)}


def posted(api: responses.RequestsMock) -> dict[str, Any]:
    return {
        call.request.url.removeprefix(API): json.loads(call.request.body)
        for call in api.calls
        if call.request.method in ("POST", "PUT")
    }


def prepared(api: responses.RequestsMock, linode: Linode) -> Linode:
    """As after `prepare`, when network and firewall are there."""
    vpc = {"id": 1, "label": "slipway-shop-eu-central", "region": "eu-central", "subnets": [{"id": 11}]}
    api.get(f"{API}/vpcs", json=page(vpc))
    api.get(f"{API}/networking/firewalls", json=page({**firewall_body(wanted(provider="linode")), "id": 5}))
    linode.prepare([wanted(provider="linode")])
    return linode


def test_a_token_is_asked_for_with_its_name() -> None:
    with pytest.raises(CloudError, match="no token for Linode: LINODE_TOKEN, or servers_linode_token"):
        connect("", "", "", lambda text: None)


def test_the_listing_is_read_page_by_page(api: responses.RequestsMock, linode: Linode) -> None:
    query = responses.matchers.query_param_matcher
    one, two = ({"page": number, "page_size": "500"} for number in ("1", "2"))
    api.get(f"{API}/linode/instances", json=page(INSTANCE, pages=2), match=[query(one)])
    second = {**INSTANCE, "id": 124, "status": "provisioning", "ipv4": []}
    api.get(f"{API}/linode/instances", json=page(second, number=2, pages=2), match=[query(two)])
    web, new = linode.servers()
    assert (web.id, web.name, web.state, new.state) == ("123", "web-1", "running", "creating")
    assert (web.public_address, web.public_ipv6, new.public_address) == ("203.0.113.7", "2001:db8::7", "")
    assert (web.region, web.size, web.image, web.backups) == ("eu-central", "g6-standard-1", "linode/debian13", True)
    assert web.belongs_to("shop")
    assert api.calls[0].request.headers["Authorization"] == "Bearer secret-token"


def test_an_order_says_everything(api: responses.RequestsMock, linode: Linode) -> None:
    prepared(api, linode)
    api.post(f"{API}/linode/instances", json={**INSTANCE, "status": "provisioning"})
    assert linode.create(wanted(provider="linode", tags=("blue",)), "#cloud-config\n{}") == "123"
    body = posted(api)["/linode/instances"]
    # Without root_pass nobody can log in by a password.
    assert base64.b64decode(body.pop("metadata")["user_data"]) == b"#cloud-config\n{}"
    assert body == {
        "label": "web-1",
        "region": "eu-central",
        "type": "g6-standard-1",
        "image": "linode/debian13",
        "authorized_keys": [ED25519],
        "tags": ["slipway:shop", "slipway:shop:web-1", "blue"],
        "backups_enabled": False,
        "firewall_id": 5,
        "interface_generation": "legacy_config",
        "interfaces": [{"purpose": "public", "primary": True}, {"purpose": "vpc", "subnet_id": 11}],
        "booted": True,
    }


def test_what_servers_share_is_made_once(api: responses.RequestsMock, linode: Linode) -> None:
    api.get(f"{API}/vpcs", json=page())
    api.post(f"{API}/vpcs", json={"id": 1, "label": "x", "subnets": [{"id": 11}]})
    api.get(f"{API}/networking/firewalls", json=page())
    body = firewall_body(wanted(provider="linode"))
    api.post(f"{API}/networking/firewalls", json={**body, "id": 5})
    linode.prepare([wanted(provider="linode"), wanted("web-2", "linode")])
    made = posted(api)
    assert made["/vpcs"] == {
        "label": "slipway-shop-eu-central",
        "region": "eu-central",
        "description": "Servers of shop (Slipway)",
        "subnets": [{"label": "servers", "ipv4": "10.0.0.0/24"}],
    }
    assert made["/networking/firewalls"] == body and len(made) == 2


def test_the_firewall_opens_what_the_inventory_says() -> None:
    body = firewall_body(wanted(provider="linode", ssh_from=("198.51.100.0/24",)))
    everywhere = {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}
    ssh = {"ipv4": ["198.51.100.0/24"]}
    private = {"ipv4": ["10.0.0.0/24"]}
    assert body["label"] == "slipway-shop" and body["tags"] == ["slipway:shop"]
    assert (body["rules"]["inbound_policy"], body["rules"]["outbound_policy"]) == ("DROP", "ACCEPT")
    assert [(r["protocol"], r.get("ports"), r["addresses"], r["action"]) for r in body["rules"]["inbound"]] == [
        ("TCP", "22", ssh, "ACCEPT"),
        ("UDP", "443", everywhere, "ACCEPT"),
        ("ICMP", None, everywhere, "ACCEPT"),
        ("TCP", "1-65535", private, "ACCEPT"),
        ("UDP", "1-65535", private, "ACCEPT"),
    ]
    assert all(3 <= len(rule["label"]) <= 32 for rule in body["rules"]["inbound"])


def test_settling_asks_for_what_is_missing(api: responses.RequestsMock, linode: Linode) -> None:
    server = wanted(provider="linode", volumes=(Volume("data", 20),), tags=("blue",), backups=True)
    prepared(api, linode)
    there = found(server, tags=("slipway:shop", server.tag))
    api.put(f"{API}/linode/instances/7", json=INSTANCE)
    api.post(f"{API}/linode/instances/7/backups/enable", json={})
    api.get(f"{API}/networking/firewalls/5/devices", json=page({"entity": {"id": 7, "type": "linode"}}))
    api.get(f"{API}/volumes", json=page())
    api.post(f"{API}/volumes", json={"id": 3, "size": 20, "linode_id": 7, "tags": ["slipway:shop:web-1"]})
    vpc = {"address": "10.0.0.2", "vpc_id": 1, "subnet_id": 11, "linode_id": 7}
    api.get(f"{API}/linode/instances/7/ips", json={"ipv4": {"public": [], "private": [], "vpc": [vpc]}, "ipv6": {}})
    settled = linode.settle(server, there)
    assert settled.private_address == "10.0.0.2" and settled.done == ("tags blue", "backups", "volume web-1-data")
    assert posted(api) == {
        "/linode/instances/7": {"tags": ["blue", "slipway:shop", "slipway:shop:web-1"]},
        "/linode/instances/7/backups/enable": {},
        "/volumes": {"label": "web-1-data", "size": 20, "linode_id": 7, "tags": ["slipway:shop:web-1"]},
    }


@pytest.mark.parametrize(
    ("status", "errors", "kind", "text"),
    [
        (401, [{"reason": "Invalid Token"}], "token", "does not accept the token (Invalid Token)"),
        (403, [{"reason": "Unauthorized"}], "rights", "lacks a right"),
        (401, [{"reason": "Your OAuth token is not authorized to use this endpoint."}], "rights", "lacks a right"),
        (
            400,
            [{"reason": "Label must be unique among your linodes", "field": "label"}],
            "taken",
            "label: Label must be",
        ),
        (400, [{"reason": "Account Limit reached. Please open a support ticket."}], "quota", "Account Limit"),
        (400, [{"reason": "region is not valid", "field": "region"}], "refused", "region: region is not valid"),
        (400, [{"reason": "Linode busy."}], "temporary", "is busy with it"),
        (500, [{"reason": "Internal Server Error"}], "temporary", "failed (500)"),
    ],
)
def test_a_refusal_in_one_line(
    api: responses.RequestsMock, linode: Linode, status: int, errors: list[dict[str, str]], kind: str, text: str
) -> None:
    api.post(f"{API}/linode/instances", json={"errors": errors}, status=status)
    with pytest.raises(CloudError) as caught:
        linode.create(wanted(provider="linode", private_network=False, firewall=False), "")
    assert caught.value.kind == kind and text in caught.value.message and "\n" not in caught.value.message
    assert len([call for call in api.calls if call.request.method == "POST"]) == 1


def test_a_rate_limit_is_waited_for(api: responses.RequestsMock, linode: Linode) -> None:
    pauses: list[float] = []
    linode._call._sleep = pauses.append
    answer = {"errors": [{"reason": "Too many requests"}]}
    api.get(f"{API}/linode/instances", json=answer, status=429, headers={"Retry-After": "3"})
    api.get(f"{API}/linode/instances", json=page(INSTANCE))
    assert [server.id for server in linode.servers()] == ["123"] and pauses == [3.0]


def test_the_catalogue_knows_what_is_sold_out_and_where_user_data_is_read(
    api: responses.RequestsMock, linode: Linode
) -> None:
    regions = [
        {"id": "eu-central", "status": "ok", "capabilities": ["Linodes", "Metadata"]},
        {"id": "us-old", "status": "ok", "capabilities": ["Linodes"]},
        {"id": "us-out", "status": "outage", "capabilities": []},
    ]
    images = [
        {"id": "linode/debian13", "capabilities": ["cloud-init"]},
        {"id": "linode/arch", "capabilities": []},
    ]
    api.get(f"{API}/regions", json=page(*regions))
    api.get(f"{API}/images", json=page(*images))
    away = {"region": "us-old", "plan": "g6-standard-1", "available": False}
    api.get(f"{API}/regions/availability", json=page(away))
    api.get(f"{API}/linode/types", json=page({"id": "g6-standard-1", "price": {"monthly": 12.0, "hourly": 0.018}}))
    catalogue = linode.catalogue()
    assert catalogue.regions == {"eu-central", "us-old"} and catalogue.images == {"linode/debian13", "linode/arch"}
    assert catalogue.sizes["g6-standard-1"].regions == {"eu-central"}
    assert catalogue.sizes["g6-standard-1"].monthly == 12.0
    assert catalogue.without_user_data == {"us-old", "linode/arch"}


def test_a_server_s_volumes_are_asked_for(api: responses.RequestsMock, linode: Linode) -> None:
    """They stand in no listing of servers, and a server with data is not destroyed by the way."""
    api.get(f"{API}/linode/instances/7/volumes", json=page({"id": 3, "label": "web-1-data"}))
    assert linode.volumes(found(wanted(provider="linode"))) == ["web-1-data"]


def test_a_server_goes_with_all_that_was_made_for_it(api: responses.RequestsMock, linode: Linode) -> None:
    own = {"id": 3, "label": "web-1-data", "linode_id": 7, "tags": ["slipway:shop:web-1"]}
    api.get(f"{API}/volumes", json=page(own, {**own, "id": 4, "tags": []}))
    api.post(f"{API}/volumes/3/detach", json={})
    api.get(f"{API}/volumes/3", json={**own, "linode_id": None})
    api.delete(f"{API}/volumes/3", json={})
    api.delete(f"{API}/linode/instances/7", json={})
    address = {"address": "203.0.113.9", "tags": ["slipway:shop:web-1"]}
    api.get(f"{API}/networking/reserved/ips", json=page(address))
    api.delete(f"{API}/networking/reserved/ips/203.0.113.9", json={})
    removed = linode.remove(found(wanted(provider="linode")), "shop")
    assert removed == ["volume web-1-data", "reserved address 203.0.113.9", "server web-1 (7)"]
