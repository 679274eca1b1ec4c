"""Linode's API: what is asked and answered follows techdocs.akamai.com/linode-api."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.cloud import fleet
from tests.unit.sandbox.cloud.conftest import PUBLIC_KEY

WANTED = {
    "label": "web-1",
    "region": "eu-central",
    "type": "g6-standard-1",
    "image": "linode/debian13",
    "authorized_keys": [PUBLIC_KEY],
}
INSTANCES = "/v4/linode/instances"
RULES = {
    "inbound_policy": "DROP",
    "outbound_policy": "ACCEPT",
    "inbound": [
        {
            "action": "ACCEPT",
            "protocol": "TCP",
            "ports": "22, 80, 443",
            "label": "web",
            "addresses": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
        }
    ],
    "outbound": [],
}


def make(linode, until, **more: Any) -> dict[str, Any]:
    """A Linode that runs."""
    answer = linode("POST", INSTANCES, WANTED | more)
    assert answer.status == 200, answer.document
    path = f"{INSTANCES}/{answer['id']}"
    until(lambda: linode("GET", path)["status"] == "running")
    return linode("GET", path).document


def refused(answer: Any) -> tuple[int, str | None, str]:
    """Status, field and reason of a refusal."""
    error = answer["errors"][0]
    return answer.status, error.get("field"), error["reason"]


def test_a_wrong_token_is_refused(linode) -> None:
    linode.token = "wrong"
    assert refused(linode("GET", INSTANCES)) == (401, None, "Invalid Token")


def test_the_catalogue_may_be_seen_without_a_token(client) -> None:
    assert client.get("/v4/linode/types").json["results"] > 5
    assert client.get("/v4/regions").status_code == 200
    assert client.get("/v4/account").status_code == 401


def test_what_is_not_there(linode) -> None:
    assert refused(linode("GET", f"{INSTANCES}/1")) == (404, None, "Not found")
    assert linode("GET", "/v4/images/linode/debian11").status == 404
    assert linode("GET", "/v4/images/linode/debian13")["capabilities"] == ["cloud-init"]


def test_a_linode_is_made_as_asked(linode, machines, until) -> None:
    user_data = base64.b64encode(b"#cloud-config\n{}\n").decode()
    asked = {"metadata": {"user_data": user_data}, "private_ip": True, "tags": ["slipway"]}
    answer = linode("POST", INSTANCES, WANTED | asked)
    assert (answer.status, answer["status"]) == (200, "provisioning")
    assert answer["ipv4"] == ["172.30.0.100", "192.168.128.2"] and answer["ipv6"] == "fd5a:51:70::100/128"
    until(lambda: linode("GET", f"{INSTANCES}/{answer['id']}")["status"] == "running")
    seed = machines.started[1]
    assert (seed.hostname, seed.user_data, list(seed.keys)) == ("web-1", "#cloud-config\n{}\n", [PUBLIC_KEY])
    assert machines.addresses[1] == ["192.168.128.2/17"] and machines.debian[1] == "13"
    listed = linode("GET", INSTANCES).document
    assert (listed["page"], listed["pages"], listed["results"]) == (1, 1, 1)
    assert listed["data"][0]["has_user_data"] and listed["data"][0]["tags"] == ["slipway"]
    events = [(event["action"], event["status"]) for event in linode("GET", "/v4/account/events")["data"]]
    assert events == [("linode_boot", "finished"), ("linode_create", "finished")]


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ({"region": "eu-nowhere"}, "region", "region is not valid"),
        ({"type": "g6-large"}, "type", "A valid plan type by that ID was not found"),
        ({"image": "linode/debian11"}, "image", "image is not valid"),
        ({"label": "a"}, "label", "Length must be 3-64 characters: letters, numbers, and single - _ ."),
        ({"label": "web--1"}, "label", "Length must be 3-64 characters: letters, numbers, and single - _ ."),
        ({"root_pass": "short"}, "root_pass", "Password does not meet strength requirements."),
        ({"authorized_keys": []}, None, "Must provide valid root_pass, authorized_keys, or authorized_users"),
        ({"metadata": {"user_data": "#no"}}, "metadata.user_data", "user_data must be base64 encoded"),
        ({"tags": ["ab"]}, "tags", "Length must be 3-50 characters"),
        ({"firewall_id": 7}, "firewall_id", "Firewall not found"),
        ({"private_ip": "yes"}, "private_ip", "private_ip must be a boolean"),
    ],
)
def test_a_linode_that_cannot_be(linode, machines, wrong: dict[str, Any], field: str | None, reason: str) -> None:
    assert refused(linode("POST", INSTANCES, WANTED | wrong)) == (400, field, reason)
    assert not machines.started


def test_labels_are_unique(linode) -> None:
    assert linode("POST", INSTANCES, WANTED).status == 200
    assert refused(linode("POST", INSTANCES, WANTED)) == (400, "label", "Label must be unique among your linodes")


def test_a_new_linode_is_not_listed_at_once(linode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "LISTED_AFTER_SECONDS", 3600)
    linode("POST", INSTANCES, WANTED)
    assert linode("GET", INSTANCES)["data"] == []
    monkeypatch.setattr(fleet, "LISTED_AFTER_SECONDS", 0)
    assert linode("GET", INSTANCES)["results"] == 1


def test_listings_are_filtered_and_come_in_pages(linode) -> None:
    for number in range(101):
        linode("POST", "/v4/profile/sshkeys", {"label": f"key-{number}", "ssh_key": PUBLIC_KEY})
    first = linode("GET", "/v4/profile/sshkeys")
    assert (len(first["data"]), first["pages"], first["results"]) == (100, 2, 101)
    assert len(linode("GET", "/v4/profile/sshkeys?page=2")["data"]) == 1
    assert len(linode("GET", "/v4/profile/sshkeys?page_size=25&page=5")["data"]) == 1
    assert refused(linode("GET", "/v4/profile/sshkeys?page_size=5")) == (400, "page_size", "Must be 25-500")

    def found(wanted: dict[str, Any]) -> int:
        return linode("GET", "/v4/profile/sshkeys", **{"X-Filter": json.dumps(wanted)})["results"]

    assert found({"label": "key-7"}) == 1
    assert found({"label": {"+contains": "key-9"}}) == 11
    assert found({"+or": [{"label": "key-1"}, {"label": "key-2"}]}) == 2
    assert found({"+and": [{"label": "key-1"}, {"label": "key-2"}]}) == 0


def test_tags_are_filtered_by(linode, until) -> None:
    make(linode, until, tags=["slipway", "project"])
    make(linode, until, label="web-2")
    listed = linode("GET", INSTANCES, **{"X-Filter": json.dumps({"tags": "slipway"})})
    assert [instance["label"] for instance in listed["data"]] == ["web-1"]
    assert [found["type"] for found in linode("GET", "/v4/tags/project")["data"]] == ["linode"]


def test_power_and_size(linode, machines, until) -> None:
    made = make(linode, until)
    path = f"{INSTANCES}/{made['id']}"

    def status() -> str:
        return linode("GET", path)["status"]

    assert refused(linode("POST", f"{path}/boot"))[2] == "Linode is already booted."
    assert linode("POST", f"{path}/shutdown").document == {}
    until(lambda: status() == "offline")
    assert linode("POST", f"{path}/boot").status == 200
    until(lambda: status() == "running")
    assert refused(linode("POST", f"{path}/resize", {"type": "g6-nanode-1"}))[1] == "type"
    assert linode("POST", f"{path}/resize", {"type": "g6-standard-2"}).status == 200
    until(lambda: status() == "running")
    assert linode("GET", path)["type"] == "g6-standard-2"
    assert [told for told, _ in machines.told] == ["start", "stop", "resume", "stop", "resume"]


def test_a_linode_is_deleted(linode, machines, until) -> None:
    made = make(linode, until)
    assert linode("DELETE", f"{INSTANCES}/{made['id']}").document == {}
    assert linode("GET", f"{INSTANCES}/{made['id']}").status == 404
    until(lambda: ("remove", 1) in machines.told)


def test_firewalls(linode, until) -> None:
    made = make(linode, until)
    path = "/v4/networking/firewalls"
    assert refused(linode("POST", path, {"label": "slipway", "rules": {}}))[1] == "rules.inbound_policy"
    answer = linode("POST", path, {"label": "slipway", "rules": RULES, "devices": {"linodes": [made["id"]]}})
    assert answer.status == 200 and answer["rules"]["version"] == 1
    assert answer["entities"][0]["id"] == made["id"]
    assert refused(linode("POST", path, {"label": "slipway", "rules": RULES}))[1] == "label"
    listed = linode("GET", f"{INSTANCES}/{made['id']}/firewalls")["data"]
    assert [firewall["id"] for firewall in listed] == [answer["id"]]
    one = f"{path}/{answer['id']}"
    wrong = RULES | {"inbound": [RULES["inbound"][0] | {"protocol": "tcp"}]}
    assert refused(linode("PUT", f"{one}/rules", wrong))[1] == "inbound[0].protocol"
    assert linode("PUT", f"{one}/rules", RULES)["version"] == 2
    other = make(linode, until, label="web-2", firewall_id=answer["id"])
    assert linode("GET", f"{one}/devices")["results"] == 2
    linode("DELETE", f"{INSTANCES}/{other['id']}")
    device = linode("GET", f"{one}/devices")["data"][0]
    assert linode("DELETE", f"{one}/devices/{device['id']}").status == 200
    assert linode("DELETE", one).status == 200


def test_a_subnet_gives_an_address(linode, machines, until) -> None:
    asked = {"label": "slipway", "region": "eu-central", "subnets": [{"label": "servers", "ipv4": "10.20.0.0/24"}]}
    vpc = linode("POST", "/v4/vpcs", asked)
    assert vpc.status == 200
    subnet = vpc["subnets"][0]
    interfaces = [{"purpose": "public", "primary": True}, {"purpose": "vpc", "subnet_id": subnet["id"]}]
    made = make(linode, until, interfaces=interfaces)
    assert machines.addresses[1] == ["10.20.0.2/24"]
    ips = linode("GET", f"{INSTANCES}/{made['id']}/ips")["ipv4"]
    assert [found["address"] for found in ips["vpc"]] == ["10.20.0.2"]
    shown = linode("GET", f"{INSTANCES}/{made['id']}/configs")["data"][0]["interfaces"]
    assert [interface["purpose"] for interface in shown] == ["public", "vpc"]
    assert linode("GET", f"/v4/vpcs/{vpc['id']}/subnets/{subnet['id']}")["linodes"][0]["id"] == made["id"]
    assert linode("DELETE", f"/v4/vpcs/{vpc['id']}").status == 400
    linode("DELETE", f"{INSTANCES}/{made['id']}")
    assert linode("DELETE", f"/v4/vpcs/{vpc['id']}").status == 200
    overlap = asked["subnets"] * 2
    assert refused(linode("POST", "/v4/vpcs", asked | {"subnets": overlap}))[0] == 400


def test_a_reserved_address_reaches_the_server(linode, machines, until) -> None:
    kept = linode("POST", "/v4/networking/reserved/ips", {"region": "eu-central"})
    ip = kept["address"]
    assert kept["reserved"] and kept["linode_id"] is None
    made = make(linode, until, ipv4=[ip])
    assert ip in made["ipv4"]
    until(lambda: f"{ip}/32" in machines.addresses[1])
    other = make(linode, until, label="web-2")
    moved = {"region": "eu-central", "assignments": [{"address": ip, "linode_id": other["id"]}]}
    assert linode("POST", "/v4/networking/ips/assign", moved).status == 200
    until(lambda: f"{ip}/32" in machines.addresses[2] and f"{ip}/32" not in machines.addresses[1])
    linode("DELETE", f"{INSTANCES}/{other['id']}")
    assert linode("GET", f"/v4/networking/reserved/ips/{ip}")["linode_id"] is None
    assert linode("DELETE", f"/v4/networking/reserved/ips/{ip}").status == 200


def test_volumes(linode, until) -> None:
    asked = {"label": "data", "region": "eu-central", "size": 10}
    made = linode("POST", "/v4/volumes", asked)
    assert made.status == 200 and made["linode_id"] is None
    assert refused(linode("POST", "/v4/volumes", asked))[1] == "label"
    instance = make(linode, until)
    path = f"/v4/volumes/{made['id']}"
    assert linode("POST", f"{path}/attach", {"linode_id": instance["id"]})["linode_label"] == "web-1"
    assert linode("DELETE", path).status == 400
    assert linode("POST", f"{path}/detach").status == 200
    assert linode("DELETE", path).status == 200


def test_creations_are_limited(linode) -> None:
    wrong = WANTED | {"region": "eu-nowhere"}
    answers = [linode("POST", INSTANCES, wrong) for _ in range(21)]
    assert [answer.status for answer in answers] == [400] * 20 + [429]
    assert refused(answers[-1])[2] == "Too many requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 15
    assert answers[-1].headers["X-RateLimit-Remaining"] == "0"


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("rights", 401, "Your OAuth token is not authorized to use this endpoint."),
        ("quota", 400, "Account Limit reached. Please open a support ticket."),
        ("sold-out", 400, "This region is currently out of capacity for the selected plan"),
    ],
)
def test_refusals_of_new_servers(linode, faults, kind: str, status: int, reason: str) -> None:
    faults(kind, provider="linode")
    answer = linode("POST", INSTANCES, WANTED)
    assert (answer.status, answer["errors"][0]["reason"]) == (status, reason)
    assert linode("POST", INSTANCES, WANTED).status == 200


def test_a_server_that_goes_to_an_error_state(linode, faults, until) -> None:
    faults("error-state")
    made = linode("POST", INSTANCES, WANTED)
    until(lambda: linode("GET", f"{INSTANCES}/{made['id']}")["status"] == "offline")
    assert {event["status"] for event in linode("GET", "/v4/account/events")["data"]} == {"failed"}
