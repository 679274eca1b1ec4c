"""DigitalOcean's API: what is asked and answered follows github.com/digitalocean/openapi."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cloud import fleet

WANTED = {"name": "web-1", "region": "fra1", "size": "s-2vcpu-4gb", "image": "debian-13-x64"}
RULE = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0", "::/0"]}}


def make(digitalocean, until, **more: Any) -> dict[str, Any]:
    """A droplet that is active."""
    number = digitalocean("POST", "/v2/droplets", WANTED | more)["droplet"]["id"]
    until(lambda: digitalocean("GET", f"/v2/droplets/{number}")["droplet"]["status"] == "active")
    return digitalocean("GET", f"/v2/droplets/{number}")["droplet"]


def key(digitalocean) -> dict[str, Any]:
    from tests.unit.sandbox.cloud.conftest import PUBLIC_KEY

    return digitalocean("POST", "/v2/account/keys", {"name": "owner", "public_key": PUBLIC_KEY})["ssh_key"]


def test_a_wrong_token_is_refused(digitalocean) -> None:
    digitalocean.token = "dop_v1_wrong"
    answer = digitalocean("GET", "/v2/account")
    assert answer.status == 401
    assert answer["id"] == "unauthorized" and answer["message"] == "Unable to authenticate you."


def test_a_path_that_is_none(digitalocean) -> None:
    answer = digitalocean("GET", "/v2/kubernetes/clusters")
    assert (answer.status, answer["id"]) == (404, "not_found")


def test_sizes_come_in_pages(digitalocean) -> None:
    first = digitalocean("GET", "/v2/sizes")
    assert len(first["sizes"]) == 20 and first["meta"]["total"] > 20
    assert set(first["links"]["pages"]) == {"next", "last"}
    second = digitalocean("GET", first["links"]["pages"]["next"].partition("localhost")[2])
    assert set(second["links"]["pages"]) == {"first", "prev"}
    slugs = [size["slug"] for size in first["sizes"] + second["sizes"]]
    assert len(set(slugs)) == first["meta"]["total"]
    assert digitalocean("GET", "/v2/sizes?per_page=200")["links"] == {}
    assert digitalocean("GET", "/v2/sizes?page=0").status == 422


def test_a_droplet_is_made_as_asked(digitalocean, machines, until) -> None:
    registered = key(digitalocean)
    answer = digitalocean(
        "POST",
        "/v2/droplets",
        WANTED
        | {
            "ssh_keys": [registered["fingerprint"]],
            "user_data": "#cloud-config\n{}\n",
            "tags": ["slipway"],
            "ipv6": True,
        },
    )
    assert answer.status == 202
    droplet = answer["droplet"]
    assert droplet["networks"] == {"v4": [], "v6": []} or droplet["status"] == "active"
    action = answer["links"]["actions"][0]
    assert action["rel"] == "create"
    path = f"/v2/droplets/{droplet['id']}"
    until(lambda: digitalocean("GET", f"/v2/actions/{action['id']}")["action"]["status"] == "completed")
    droplet = digitalocean("GET", path)["droplet"]
    assert droplet["status"] == "active" and not droplet["locked"]
    addresses = {network["type"]: network["ip_address"] for network in droplet["networks"]["v4"]}
    assert addresses == {"public": "172.30.0.100", "private": "10.108.0.2"}
    assert droplet["networks"]["v6"][0]["ip_address"] == "fd5a:51:70::100"
    assert (droplet["tags"], droplet["size_slug"], droplet["image"]["slug"]) == (
        ["slipway"],
        "s-2vcpu-4gb",
        "debian-13-x64",
    )
    seed = machines.started[1]
    assert seed.user_data == "#cloud-config\n{}\n" and seed.keys == [registered["public_key"]]
    assert (seed.hostname, seed.login, machines.debian[1]) == ("web-1", "root", "13")
    assert machines.addresses[1] == ["10.108.0.2/20"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "web_1"}, "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"),
        ({"region": "fra9"}, "You specified an invalid region for Droplet creation."),
        ({"region": "nyc2"}, "Region is not available"),
        ({"size": "s-1vcpu-9gb"}, "You specified an invalid size for Droplet creation."),
        ({"size": "g-8vcpu-32gb", "region": "syd1"}, "Size is not available in this region."),
        ({"image": "debian-11-x64"}, "You specified an invalid image for Droplet creation."),
        ({"image": None}, "You specified an invalid image for Droplet creation."),
        ({"ssh_keys": [7]}, "7 are invalid key identifiers for Droplet creation."),
        ({"user_data": "#" * 65537}, "User data is too long (maximum is 65536 bytes)"),
        ({"vpc_uuid": "none"}, "You specified an invalid VPC for Droplet creation."),
        ({"volumes": ["none"]}, "You specified an invalid volume for Droplet creation."),
        ({"ipv6": "yes"}, "ipv6 has an invalid type"),
    ],
)
def test_a_droplet_that_cannot_be(digitalocean, machines, wrong: dict[str, Any], said: str) -> None:
    answer = digitalocean("POST", "/v2/droplets", WANTED | wrong)
    assert (answer.status, answer["id"], answer["message"]) == (422, "unprocessable_entity", said)
    assert digitalocean("GET", "/v2/droplets")["meta"]["total"] == 0 and not machines.started


def test_a_new_droplet_is_not_listed_at_once(digitalocean, until, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "LISTED_AFTER_SECONDS", 3600)
    digitalocean("POST", "/v2/droplets", WANTED | {"tags": ["slipway"]})
    assert digitalocean("GET", "/v2/droplets?tag_name=slipway")["droplets"] == []
    monkeypatch.setattr(fleet, "LISTED_AFTER_SECONDS", 0)
    assert len(digitalocean("GET", "/v2/droplets?tag_name=slipway")["droplets"]) == 1
    assert digitalocean("GET", "/v2/droplets?tag_name=other")["droplets"] == []
    assert digitalocean("GET", "/v2/droplets?name=web-2")["droplets"] == []


def test_several_droplets_at_once(digitalocean) -> None:
    asked = {key: value for key, value in WANTED.items() if key != "name"} | {"names": ["web-1", "web-2"]}
    answer = digitalocean("POST", "/v2/droplets", asked)
    assert [droplet["name"] for droplet in answer["droplets"]] == ["web-1", "web-2"]
    assert len(answer["links"]["actions"]) == 2


def test_a_droplet_is_destroyed_and_its_address_is_free_again(client, digitalocean, machines, until) -> None:
    droplet = make(digitalocean, until)
    assert digitalocean("DELETE", f"/v2/droplets/{droplet['id']}").status == 204
    assert digitalocean("GET", f"/v2/droplets/{droplet['id']}").status == 404
    until(lambda: client.get("/_sandbox/servers").json == {"servers": []})
    assert ("remove", 1) in machines.told
    assert make(digitalocean, until)["networks"]["v4"][0]["ip_address"] == "172.30.0.100"


def test_power_and_size(digitalocean, machines, until) -> None:
    droplet = make(digitalocean, until)
    path = f"/v2/droplets/{droplet['id']}"

    def act(**asked: Any) -> Any:
        answer = digitalocean("POST", f"{path}/actions", asked)
        if answer.status == 201:
            action = f"{path}/actions/{answer['action']['id']}"
            assert answer["action"]["status"] in ("in-progress", "completed")
            until(lambda: digitalocean("GET", action)["action"]["status"] == "completed")
        return answer

    refused = act(type="resize", size="s-4vcpu-8gb")
    assert (refused.status, refused["message"]) == (422, "Droplet must be powered off before it can be resized.")
    assert act(type="power_on").status == 422
    assert act(type="shutdown").status == 201
    assert digitalocean("GET", path)["droplet"]["status"] == "off"
    assert act(type="resize", size="s-4vcpu-8gb", disk=True).status == 201
    assert act(type="resize", size="s-1vcpu-1gb").status == 422
    assert act(type="power_on").status == 201
    droplet = digitalocean("GET", path)["droplet"]
    assert (droplet["status"], droplet["size_slug"], droplet["disk"]) == ("active", "s-4vcpu-8gb", 160)
    assert [told for told, _ in machines.told] == ["start", "stop", "resume"]


def test_keys_are_known_by_number_and_fingerprint(digitalocean) -> None:
    made = key(digitalocean)
    assert made["fingerprint"].count(":") == 15
    assert digitalocean("GET", f"/v2/account/keys/{made['fingerprint']}")["ssh_key"] == made
    again = digitalocean("POST", "/v2/account/keys", {"name": "x", "public_key": made["public_key"]})
    assert (again.status, again["message"]) == (422, "SSH Key is already in use on your account")
    private = digitalocean("POST", "/v2/account/keys", {"name": "x", "public_key": "-----BEGIN OPENSSH PRIVATE KEY"})
    assert private.status == 422 and private["message"].startswith("Key invalid")
    assert digitalocean("DELETE", f"/v2/account/keys/{made['id']}").status == 204


def test_only_ten_listings_of_keys_a_minute(digitalocean) -> None:
    answers = [digitalocean("GET", "/v2/account/keys") for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert answers[-1]["id"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].headers["ratelimit-remaining"] == "0"
    assert int(answers[0].headers["ratelimit-remaining"]) == 4999


def test_networks(digitalocean, until) -> None:
    made = digitalocean("POST", "/v2/vpcs", {"name": "slipway", "region": "fra1", "ip_range": "10.20.0.0/24"})
    assert made.status == 201
    overlap = digitalocean("POST", "/v2/vpcs", {"name": "other", "region": "fra1", "ip_range": "10.20.0.0/16"})
    assert overlap.status == 422 and "overlaps" in overlap["message"]
    droplet = make(digitalocean, until, vpc_uuid=made["vpc"]["id"])
    assert droplet["networks"]["v4"][1]["ip_address"] == "10.20.0.2"
    assert digitalocean("DELETE", f"/v2/vpcs/{made['vpc']['id']}").status == 403
    members = digitalocean("GET", f"/v2/vpcs/{made['vpc']['id']}/members")["members"]
    assert [member["urn"] for member in members] == [f"do:droplet:{droplet['id']}"]
    digitalocean("DELETE", f"/v2/droplets/{droplet['id']}")
    assert digitalocean("DELETE", f"/v2/vpcs/{made['vpc']['id']}").status == 204


def test_firewalls(digitalocean, until) -> None:
    droplet = make(digitalocean, until, tags=["slipway"])
    asked = {"name": "slipway", "inbound_rules": [RULE], "tags": ["slipway"], "droplet_ids": [droplet["id"]]}
    made = digitalocean("POST", "/v2/firewalls", asked)
    assert made.status == 202 and made["firewall"]["status"] == "waiting"
    path = f"/v2/firewalls/{made['firewall']['id']}"
    assert digitalocean("POST", "/v2/firewalls", asked).status == 409
    wrong = digitalocean("PUT", path, asked | {"inbound_rules": [RULE | {"ports": "ssh"}]})
    assert wrong.status == 422
    assert digitalocean("PUT", path, asked | {"tags": ["unknown"]}).status == 422
    assert digitalocean("POST", f"{path}/rules", {"inbound_rules": [RULE | {"ports": "443"}]}).status == 204
    assert [rule["ports"] for rule in digitalocean("GET", path)["firewall"]["inbound_rules"]] == ["22", "443"]
    listed = digitalocean("GET", f"/v2/droplets/{droplet['id']}/firewalls")["firewalls"]
    assert [firewall["id"] for firewall in listed] == [made["firewall"]["id"]]
    digitalocean("DELETE", f"/v2/droplets/{droplet['id']}")
    assert digitalocean("GET", path)["firewall"]["droplet_ids"] == []
    assert digitalocean("DELETE", path).status == 204


def test_a_reserved_address_reaches_the_server(digitalocean, machines, until) -> None:
    droplet = make(digitalocean, until)
    made = digitalocean("POST", "/v2/reserved_ips", {"droplet_id": droplet["id"]})
    assert made.status == 202 and made["links"]["actions"][0]["rel"] == "assign_ip"
    ip = made["reserved_ip"]["ip"]
    until(lambda: f"{ip}/32" in machines.addresses[1])
    assert digitalocean("POST", "/v2/reserved_ips", {"region": "fra1"})["reserved_ip"]["ip"] != ip
    assert digitalocean("POST", f"/v2/reserved_ips/{ip}/actions", {"type": "unassign"}).status == 201
    until(lambda: f"{ip}/32" not in machines.addresses[1])
    assert digitalocean("GET", f"/v2/reserved_ips/{ip}")["reserved_ip"]["droplet"] is None
    assert digitalocean("DELETE", f"/v2/reserved_ips/{ip}").status == 204


def test_volumes(digitalocean, until) -> None:
    asked = {"name": "data", "region": "fra1", "size_gigabytes": 10, "filesystem_type": "ext4"}
    made = digitalocean("POST", "/v2/volumes", asked)
    assert made.status == 201
    assert digitalocean("POST", "/v2/volumes", asked).status == 409
    path = f"/v2/volumes/{made['volume']['id']}"
    droplet = make(digitalocean, until, volumes=[made["volume"]["id"]])
    assert droplet["volume_ids"] == [made["volume"]["id"]]
    assert digitalocean("DELETE", path).status == 409
    assert digitalocean("POST", f"{path}/actions", {"type": "detach", "droplet_id": droplet["id"]}).status == 202
    assert digitalocean("GET", "/v2/volumes?name=data&region=fra1")["volumes"][0]["droplet_ids"] == []
    assert digitalocean("DELETE", path).status == 204


def test_tags_keep_the_capitals_that_they_were_made_with(digitalocean, until) -> None:
    assert digitalocean("POST", "/v2/tags", {"name": "Slipway"}).status == 201
    assert digitalocean("POST", "/v2/tags", {"name": "a b"}).status == 400
    droplet = make(digitalocean, until, tags=["slipway"])
    assert droplet["tags"] == ["Slipway"]
    assert digitalocean("GET", "/v2/tags/Slipway")["tag"]["resources"]["droplets"]["count"] == 1
    assert digitalocean("DELETE", "/v2/droplets?tag_name=Slipway").status == 204
    assert digitalocean("GET", "/v2/droplets")["meta"]["total"] == 0
