"""The SDKs of DigitalOcean and Linode are content with what they are answered. Lightsail's has tests of its own."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.unit.sandbox.cloud import sdk
from tests.unit.sandbox.cloud.conftest import DIGITALOCEAN, LINODE, PUBLIC_KEY
from tests.unit.sandbox.cloud.test_digitalocean import RULE


def test_pydo(client, until, machines) -> None:
    pydo = sdk.pydo(client, DIGITALOCEAN)
    assert pydo.account.get()["account"]["status"] == "active"
    assert len(pydo.sizes.list(per_page=200)["sizes"]) == pydo.sizes.list()["meta"]["total"]
    key = pydo.ssh_keys.create(body={"name": "owner", "public_key": PUBLIC_KEY})["ssh_key"]
    vpc = pydo.vpcs.create(body={"name": "slipway", "region": "fra1"})["vpc"]
    pydo.tags.create(body={"name": "slipway"})
    firewall = pydo.firewalls.create(
        body={
            "name": "slipway",
            "inbound_rules": [RULE],
            "outbound_rules": [],
            "tags": ["slipway"],
        }
    )["firewall"]
    wanted = {
        "name": "web-1",
        "region": "fra1",
        "size": "s-1vcpu-1gb",
        "image": "debian-13-x64",
        "ssh_keys": [key["id"]],
        "tags": ["slipway"],
        "vpc_uuid": vpc["id"],
        "user_data": "#cloud-config\n{}\n",
    }
    droplet = pydo.droplets.create(body=wanted)["droplet"]["id"]
    until(lambda: pydo.droplets.get(droplet)["droplet"]["status"] == "active")
    assert [found["id"] for found in pydo.droplets.list(tag_name="slipway")["droplets"]] == [droplet]
    reserved = pydo.reserved_ips.create(body={"droplet_id": droplet})["reserved_ip"]
    until(lambda: f"{reserved['ip']}/32" in machines.addresses[1])
    action = pydo.droplet_actions.post(droplet, body={"type": "reboot"})["action"]
    until(lambda: pydo.actions.get(action["id"])["action"]["status"] == "completed")
    pydo.droplets.destroy(droplet)
    pydo.reserved_ips.delete(reserved["ip"])
    pydo.firewalls.delete(firewall["id"])
    pydo.vpcs.delete(vpc["id"])


def test_pydo_is_told_what_is_wrong(client) -> None:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    with pytest.raises(HttpResponseError) as caught:
        sdk.pydo(client, DIGITALOCEAN).droplets.create(body={"name": "web_1", "size": "x", "image": "y"})
    assert caught.value.status_code == 422 and "Only valid hostname characters" in caught.value.message
    with pytest.raises(ClientAuthenticationError):
        sdk.pydo(client, "dop_v1_wrong").account.get()


def test_linode_api4(client, until, machines) -> None:
    from linode_api4 import ApiError, ConfigInterface, Instance

    linode = sdk.linode(client, LINODE)
    assert linode.profile().username == "owner"
    assert {image.id for image in linode.images()} == {"linode/debian12", "linode/debian13"}
    assert {kind.id: kind.price.monthly for kind in linode.linode.types()}["g6-standard-1"] == 12
    linode.profile.ssh_key_upload(PUBLIC_KEY, "owner")
    vpc = linode.vpcs.create("slipway", "eu-central", subnets=[{"label": "servers", "ipv4": "10.20.0.0/24"}])
    rules: dict[str, Any] = {"inbound_policy": "ACCEPT", "outbound_policy": "ACCEPT", "inbound": [], "outbound": []}
    firewall = linode.networking.firewall_create("slipway", rules)
    made = linode.linode.instance_create(
        "g6-standard-1",
        "eu-central",
        image="linode/debian13",
        label="web-1",
        authorized_users=["owner"],
        metadata={"user_data": base64.b64encode(b"#cloud-config\n{}\n").decode()},
        tags=["slipway"],
        private_ip=True,
        firewall=firewall,
        interfaces=[ConfigInterface("public", primary=True), ConfigInterface("vpc", subnet_id=vpc.subnets[0].id)],
    )
    until(lambda: linode.load(Instance, made.id).status == "running")
    assert machines.started[1].keys == [PUBLIC_KEY] and machines.started[1].user_data == "#cloud-config\n{}\n"
    assert [found.id for found in linode.linode.instances(Instance.tags.contains("slipway"))] == [made.id]
    assert linode.load(Instance, made.id).ips.ipv4.vpc[0].address == "10.20.0.2"
    assert linode.load(Instance, made.id).firewalls()[0].label == "slipway"
    with pytest.raises(ApiError) as caught:
        linode.linode.instance_create("g6-standard-1", "eu-central", image="linode/debian13", label="web-1",
                                      authorized_users=["owner"])  # fmt: skip
    assert caught.value.status == 400 and caught.value.errors == ["Label must be unique among your linodes"]
    made.reboot()
    until(lambda: linode.load(Instance, made.id).status == "running")
    made.delete()
    firewall.delete()
    vpc.delete()
    assert len(linode.linode.instances()) == 0
