"""What DigitalOcean is asked, field by field, and how its answers are read. The answers have the published form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
import responses
from ansible_collections.slipway.vps.plugins.module_utils.cloud_digitalocean import DigitalOcean, connect
from ansible_collections.slipway.vps.plugins.module_utils.cloud_digitalocean_forms import firewall_body
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import CloudError, Volume
from ansible_collections.slipway.vps.plugins.module_utils.public_key import parse_public_key

from tests.unit.clouds.keys import ED25519
from tests.unit.clouds.wishes import found, wanted

API = "https://api.digitalocean.com/v2"
DROPLET = {
    "id": 3164444,
    "name": "web-1",
    "status": "active",
    "size_slug": "s-1vcpu-2gb",
    "size": {"slug": "s-1vcpu-2gb", "price_monthly": 12.0},
    "region": {"slug": "fra1"},
    "image": {"id": 1, "slug": "debian-13-x64"},
    "tags": ["slipway:shop", "slipway:shop:web-1"],
    "features": ["backups", "ipv6"],
    "volume_ids": ["v-1"],
    "networks": {
        "v4": [
            {"ip_address": "10.114.0.2", "type": "private"},
            {"ip_address": "203.0.113.7", "type": "public"},
        ],
        "v6": [{"ip_address": "2001:db8::7", "type": "public"}],
    },
}


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def ocean(api: responses.RequestsMock) -> DigitalOcean:
    provider = connect("dop_v1_secret", "", "", lambda text: None)
    provider._sleep = provider._call._sleep = lambda seconds: None
    return provider


def sent(api: responses.RequestsMock, place: int = -1) -> Any:
    return json.loads(api.calls[place].request.body or "null")


def test_a_token_is_asked_for_with_its_name() -> None:
    with pytest.raises(
        CloudError, match="no token for DigitalOcean: DIGITALOCEAN_TOKEN, or servers_digitalocean_token"
    ):
        connect("", "", "", lambda text: None)


def test_the_listing_is_read_page_by_page(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    pages = {"pages": {"next": f"{API}/droplets?page=2&per_page=200"}}
    query = responses.matchers.query_param_matcher
    one, two = ({"per_page": "200", "page": page} for page in ("1", "2"))
    api.get(f"{API}/droplets", json={"droplets": [DROPLET], "links": pages}, match=[query(one)])
    api.get(f"{API}/droplets", json={"droplets": [{**DROPLET, "id": 5}], "links": {}}, match=[query(two)])
    first, second = ocean.servers()
    assert (first.id, second.id, first.name, first.state) == ("3164444", "5", "web-1", "running")
    assert (first.public_address, first.public_ipv6, first.private_address) == (
        "203.0.113.7",
        "2001:db8::7",
        "10.114.0.2",
    )
    assert (first.region, first.size, first.image, first.monthly) == ("fra1", "s-1vcpu-2gb", "debian-13-x64", 12.0)
    assert first.backups and first.volumes == ("v-1",) and first.belongs_to("shop") and not first.belongs_to("sho")
    assert api.calls[0].request.headers["Authorization"] == "Bearer dop_v1_secret"


def test_an_order_says_everything(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    api.get(f"{API}/vpcs", json={"vpcs": [{"id": "vpc-1", "name": "slipway-shop-fra1", "region": "fra1"}], "links": {}})
    api.post(f"{API}/droplets", json={"droplet": DROPLET, "links": {"actions": []}}, status=202)
    assert ocean.create(wanted(backups=True, tags=("blue",)), "#cloud-config\n{}") == "3164444"
    assert sent(api) == {
        "name": "web-1",
        "region": "fra1",
        "size": "s-1vcpu-2gb",
        "image": "debian-13-x64",
        "ssh_keys": [parse_public_key(ED25519).md5],
        "backups": True,
        "ipv6": True,
        "tags": ["slipway:shop", "slipway:shop:web-1", "slipway-firewall:shop", "blue"],
        "user_data": "#cloud-config\n{}",
        "vpc_uuid": "vpc-1",
    }


def test_an_order_without_extras(ocean: DigitalOcean) -> None:
    body = ocean.create_body(wanted(private_network=False, firewall=False, ipv6=False), "")
    assert "vpc_uuid" not in body and body["ipv6"] is False and body["backups"] is False
    assert body["tags"] == ["slipway:shop", "slipway:shop:web-1"]


def test_what_servers_share_is_made_once(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    key = parse_public_key(ED25519)
    api.get(f"{API}/account/keys/{quote(key.md5)}", json={"id": "not_found", "message": "no key"}, status=404)
    api.post(f"{API}/account/keys", json={"ssh_key": {"id": 1, "fingerprint": key.md5}}, status=201)
    api.get(f"{API}/vpcs", json={"vpcs": [], "links": {}})
    api.post(f"{API}/vpcs", json={"vpc": {"id": "vpc-9", "name": "slipway-shop-fra1", "region": "fra1"}}, status=201)
    api.get(f"{API}/firewalls", json={"firewalls": [], "links": {}})
    api.post(f"{API}/tags", json={"tag": {"name": "x"}}, status=201)
    body = firewall_body(wanted())
    api.post(f"{API}/firewalls", json={"firewall": {**body, "id": "fw-1"}}, status=202)
    ocean.prepare([wanted(), wanted("web-2")])
    made = {
        call.request.url.rpartition("/v2/")[2]: json.loads(call.request.body) for call in api.calls if call.request.body
    }
    assert made["account/keys"] == {"name": key.name, "public_key": ED25519}
    assert made["vpcs"]["name"] == "slipway-shop-fra1" and made["vpcs"]["region"] == "fra1"
    assert made["firewalls"] == body
    posts = [call.request.url for call in api.calls if call.request.method == "POST"]
    assert len(posts) == len(set(posts)) + 1, "two tags, and each other thing once"


def test_what_is_there_is_not_made_again(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    key = parse_public_key(ED25519)
    api.get(f"{API}/account/keys/{quote(key.md5)}", json={"ssh_key": {"id": 1}})
    api.get(f"{API}/vpcs", json={"vpcs": [{"id": "v", "name": "slipway-shop-fra1", "region": "fra1"}], "links": {}})
    body = firewall_body(wanted())
    # As the API shows rules: ports of ICMP, empty kinds of sources, another order.
    rules = [{**rule, "ports": rule.get("ports", "0")} for rule in reversed(body["inbound_rules"])]
    api.get(f"{API}/firewalls", json={"firewalls": [{**body, "id": "f", "inbound_rules": rules}], "links": {}})
    ocean.prepare([wanted()])
    assert {call.request.method for call in api.calls} == {"GET"}


def test_the_firewall_opens_what_the_inventory_says() -> None:
    rules = firewall_body(wanted(ssh_from=("198.51.100.0/24",)))["inbound_rules"]
    anywhere = {"addresses": ["0.0.0.0/0", "::/0"]}
    assert rules == [
        {"protocol": "icmp", "sources": anywhere},
        {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["198.51.100.0/24"]}},
        {"protocol": "udp", "ports": "443", "sources": anywhere},
        {"protocol": "tcp", "ports": "0", "sources": {"tags": ["slipway:shop"]}},
        {"protocol": "udp", "ports": "0", "sources": {"tags": ["slipway:shop"]}},
    ]


def test_a_volume_and_a_reserved_address_are_asked_for_once(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    server = wanted(volumes=(Volume("data", 20),), reserved_ip=True, private_network=False)
    done = {"id": 9, "status": "completed", "type": "attach_volume"}
    made = {"name": "web-1-data", "droplet_ids": [], "size_gigabytes": 20, "tags": ["slipway:shop:web-1"]}
    api.get(f"{API}/volumes", json={"volumes": [], "links": {}})
    api.post(f"{API}/volumes", json={"volume": {"id": "v-2", **made}}, status=201)
    api.post(f"{API}/volumes/v-2/actions", json={"action": done}, status=202)
    api.get(f"{API}/reserved_ips", json={"reserved_ips": [], "links": {}})
    api.post(f"{API}/reserved_ips", json={"reserved_ip": {"ip": "203.0.113.99"}, "links": {}}, status=202)
    settled = ocean.settle(server, found(server, tags=tuple(ocean.create_body(server, "")["tags"])))
    assert settled.done == ("volume web-1-data", "reserved address 203.0.113.99") and settled.address == "203.0.113.99"
    bodies = [json.loads(call.request.body) for call in api.calls if call.request.method == "POST"]
    assert bodies == [
        {
            "name": "web-1-data",
            "region": "fra1",
            "size_gigabytes": 20,
            "tags": ["slipway:shop:web-1"],
        },
        {"type": "attach", "droplet_id": 7, "region": "fra1"},
        {"droplet_id": 7},
    ]


@pytest.mark.parametrize(
    ("status", "answer", "kind", "text"),
    [
        (401, {"id": "unauthorized", "message": "Unable to authenticate you"}, "token", "does not accept the token"),
        (403, {"id": "forbidden", "message": "You do not have access"}, "rights", "lacks a right"),
        (
            422,
            {"id": "unprocessable_entity", "message": "creating this would exceed your droplet limit"},
            "quota",
            "limit",
        ),
        (
            422,
            {"id": "unprocessable_entity", "message": "Region is not available"},
            "sold out",
            "Region is not available",
        ),
        (422, {"id": "unprocessable_entity", "message": "name is invalid"}, "refused", "name is invalid"),
        (500, {"id": "server_error", "message": "Unexpected server-side error"}, "temporary", "failed (500)"),
    ],
)
def test_a_refusal_in_one_line(
    api: responses.RequestsMock, ocean: DigitalOcean, status: int, answer: dict[str, str], kind: str, text: str
) -> None:
    api.post(f"{API}/droplets", json=answer, status=status)
    with pytest.raises(CloudError) as caught:
        ocean.create(wanted(private_network=False), "")
    assert caught.value.kind == kind and text in caught.value.message and "\n" not in caught.value.message
    assert len(api.calls) == 1 and "dop_v1_secret" not in caught.value.message


def test_a_rate_limit_is_waited_for(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    pauses: list[float] = []
    ocean._call._sleep = pauses.append
    headers = {"Retry-After": "7"}
    api.post(f"{API}/droplets", json={"id": "too_many_requests", "message": "slow"}, status=429, headers=headers)
    api.post(f"{API}/droplets", json={"droplet": DROPLET, "links": {}}, status=202)
    assert ocean.create(wanted(private_network=False), "") == "3164444"
    assert pauses == [7.0]


def test_a_lost_answer_is_not_asked_for_again(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    api.post(f"{API}/droplets", body=requests.exceptions.ConnectionError("reset by peer"))
    with pytest.raises(CloudError) as caught:
        ocean.create(wanted(private_network=False), "")
    assert caught.value.kind == "temporary" and len(api.calls) == 1


def test_a_server_goes_with_all_that_was_made_for_it(api: responses.RequestsMock, ocean: DigitalOcean) -> None:
    server = found(wanted(), volumes=("v-1", "v-theirs"))
    done = {"action": {"id": 9, "status": "completed", "type": "detach_volume"}}
    api.get(f"{API}/reserved_ips", json={"reserved_ips": [{"ip": "203.0.113.9", "droplet": {"id": 7}}], "links": {}})
    api.delete(f"{API}/reserved_ips/203.0.113.9", status=204)
    api.get(f"{API}/volumes/v-1", json={"volume": {"id": "v-1", "name": "web-1-data", "tags": ["slipway:shop:web-1"]}})
    api.get(f"{API}/volumes/v-theirs", json={"volume": {"id": "v-theirs", "name": "web-1-by-hand", "tags": []}})
    api.post(f"{API}/volumes/v-1/actions", json=done, status=202)
    api.delete(f"{API}/volumes/v-1", status=204)
    api.delete(f"{API}/droplets/7", status=204)
    api.delete(f"{API}/tags/slipway%3Ashop%3Aweb-1", status=204)
    removed = ocean.remove(server, "shop")
    assert removed == ["reserved address 203.0.113.9", "volume web-1-data", "server web-1 (7)"]
