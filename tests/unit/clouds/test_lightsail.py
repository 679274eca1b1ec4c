"""What Lightsail is asked, field by field, and how its answers are read.

botocore's Stubber checks requests and answers against the SDK's own model of the API.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ansible_collections.slipway.vps.plugins.module_utils.cloud_lightsail import Lightsail, connect
from ansible_collections.slipway.vps.plugins.module_utils.cloud_lightsail_forms import port_infos
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import CloudError
from botocore.stub import ANY, Stubber

from tests.unit.clouds.wishes import found, wanted

PLACE = {"availabilityZone": "eu-central-1a", "regionName": "eu-central-1"}
INSTANCE = {
    "name": "web-1",
    "location": PLACE,
    "blueprintId": "debian_12",
    "bundleId": "small_3_0",
    "publicIpAddress": "203.0.113.7",
    "privateIpAddress": "172.26.1.7",
    "ipv6Addresses": ["2001:db8::7"],
    "state": {"code": 16, "name": "running"},
    "tags": [{"key": "slipway", "value": "shop:web-1"}, {"key": "blue"}],
    "hardware": {"disks": [{"name": "root", "isSystemDisk": True}, {"name": "web-1-data", "isSystemDisk": False}]},
    "addOns": [{"name": "AutoSnapshot", "status": "Enabled"}],
}
WANTED = wanted(provider="lightsail")
KEY = [{"key": "slipway", "value": "shop:web-1"}]


@pytest.fixture
def client() -> Any:
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret"}
    return boto3.Session(**keys).client("lightsail", region_name="eu-central-1")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def lightsail(client: Any) -> Lightsail:
    provider = Lightsail(lambda region: client, {"eu-central-1"}, lambda text: None, lambda seconds: None)
    provider._zones = {"eu-central-1": "eu-central-1a"}
    return provider


def test_credentials_are_asked_for_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CloudError, match="no credentials for Lightsail: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        connect({}, "", "", {"eu-central-1"}, lambda text: None)
    with pytest.raises(CloudError, match=r"Lightsail: The config profile \(nobody\) could not be found"):
        connect({"profile": "nobody"}, "", "", {"eu-central-1"}, lambda text: None)


def test_the_listing_is_read_page_by_page(stub: Stubber, lightsail: Lightsail) -> None:
    stub.add_response("get_instances", {"instances": [INSTANCE], "nextPageToken": "more"}, {})
    pending = {**INSTANCE, "name": "web-2", "state": {"code": 0, "name": "pending"}, "publicIpAddress": ""}
    stub.add_response("get_instances", {"instances": [pending]}, {"pageToken": "more"})
    web, new = lightsail.servers()
    assert (web.id, web.name, web.state, new.state) == ("eu-central-1/web-1", "web-1", "running", "creating")
    assert (web.public_address, web.public_ipv6, web.private_address) == ("203.0.113.7", "2001:db8::7", "172.26.1.7")
    assert (web.region, web.size, web.image) == ("eu-central-1", "small_3_0", "debian_12")
    assert web.tags == ("slipway:shop:web-1", "blue") and web.belongs_to("shop")
    assert web.volumes == ("web-1-data",) and web.backups


def test_an_order_says_everything(stub: Stubber, lightsail: Lightsail) -> None:
    expected = {
        "instanceNames": ["web-1"],
        "availabilityZone": "eu-central-1a",
        "blueprintId": "debian_12",
        "bundleId": "small_3_0",
        "userData": "#!/bin/sh\n",
        "tags": [*KEY, {"key": "blue"}],
        "ipAddressType": "dualstack",
        "addOns": [{"addOnType": "AutoSnapshot"}],
    }
    stub.add_response("create_instances", {"operations": [{"id": "op", "resourceName": "web-1"}]}, expected)
    server = wanted(provider="lightsail", tags=("blue",), backups=True)
    assert lightsail.create(server, "#!/bin/sh\n") == "eu-central-1/web-1"


def test_an_rsa_key_is_registered_once(stub: Stubber, lightsail: Lightsail) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    stub.add_client_error(
        "get_key_pair", "NotFoundException", "no such key pair", 404, expected_params={"keyPairName": ANY}
    )
    stub.add_response("import_key_pair", {}, {"keyPairName": ANY, "publicKeyBase64": line})
    lightsail.prepare([wanted(provider="lightsail", ssh_keys=(line,))])
    name = lightsail.create_arguments(WANTED, "")["keyPairName"]
    assert name.startswith("slipway-")
    stub.add_response("get_key_pair", {"keyPair": {"name": name}}, {"keyPairName": name})
    lightsail.prepare([wanted(provider="lightsail", ssh_keys=(line,))])


def test_settling_compares_the_firewall(stub: Stubber, lightsail: Lightsail) -> None:
    opened = [{**info, "state": "open"} for info in reversed(port_infos(WANTED))]
    stub.add_response("get_instance_port_states", {"portStates": opened}, {"instanceName": "web-1"})
    there = found(WANTED, id="eu-central-1/web-1")
    assert lightsail.settle(WANTED, there).done == ()
    stub.add_response("get_instance_port_states", {"portStates": opened[:1]}, {"instanceName": "web-1"})
    expected = {
        "instanceName": "web-1",
        "portInfos": [
            {"fromPort": 22, "toPort": 22, "protocol": "tcp", "cidrs": ["0.0.0.0/0"], "ipv6Cidrs": ["::/0"]},
            {"fromPort": 443, "toPort": 443, "protocol": "udp", "cidrs": ["0.0.0.0/0"], "ipv6Cidrs": ["::/0"]},
            {"fromPort": 8, "toPort": -1, "protocol": "icmp", "cidrs": ["0.0.0.0/0"]},
        ],
    }
    stub.add_response("put_instance_public_ports", {"operation": {"id": "op"}}, expected)
    assert lightsail.settle(WANTED, there).done == ("firewall",)


def test_a_static_address_is_found_by_its_name(stub: Stubber, lightsail: Lightsail) -> None:
    server = wanted(provider="lightsail", reserved_ip=True)
    opened = [{**info, "state": "open"} for info in port_infos(server)]
    name = {"staticIpName": "slipway-shop-web-1"}
    address = {"staticIp": {"name": "slipway-shop-web-1", "ipAddress": "203.0.113.9", "isAttached": False}}
    stub.add_response("get_instance_port_states", {"portStates": opened}, {"instanceName": "web-1"})
    stub.add_client_error("get_static_ip", "NotFoundException", "none", 404, expected_params=name)
    stub.add_response("allocate_static_ip", {"operations": []}, name)
    stub.add_response("get_static_ip", address, name)
    stub.add_response("attach_static_ip", {"operations": []}, {**name, "instanceName": "web-1"})
    settled = lightsail.settle(server, found(server))
    assert settled.address == "203.0.113.9" and settled.done == ("static address 203.0.113.9",)


@pytest.mark.parametrize(
    ("code", "message", "status", "kind"),
    [
        ("UnrecognizedClientException", "The security token included in the request is invalid.", 400, "token"),
        ("AccessDeniedException", "User is not authorized to perform: lightsail:CreateInstances", 400, "rights"),
        ("InvalidInputException", "Some names are already in use: web-1", 400, "taken"),
        ("ServiceException", "We could not complete your request.", 500, "temporary"),
        ("InvalidInputException", "The bundle is not valid.", 400, "refused"),
        ("InvalidInputException", "You've reached the maximum number of instances: limit exceeded", 400, "quota"),
    ],
)
def test_a_refusal_in_one_line(
    stub: Stubber, lightsail: Lightsail, code: str, message: str, status: int, kind: str
) -> None:
    stub.add_client_error("create_instances", code, message, status)
    with pytest.raises(CloudError) as caught:
        lightsail.create(WANTED, "")
    assert caught.value.kind == kind and message in caught.value.message and "\n" not in caught.value.message


def test_a_rate_limit_is_waited_for(stub: Stubber, lightsail: Lightsail) -> None:
    stub.add_client_error("create_instances", "ThrottlingException", "Rate exceeded", 400)
    stub.add_response("create_instances", {"operations": []})
    assert lightsail.create(WANTED, "") == "eu-central-1/web-1"


@pytest.mark.parametrize(
    ("image", "user"), [("debian_12", "admin"), ("ubuntu_24_04", "ubuntu"), ("amazon_linux_2023", "ec2-user")]
)
def test_the_image_s_own_user(lightsail: Lightsail, image: str, user: str) -> None:
    assert lightsail.login_user(image) == user


def test_a_server_goes_with_all_that_was_made_for_it(stub: Stubber, lightsail: Lightsail) -> None:
    static, disk = {"staticIpName": "slipway-shop-web-1"}, {"diskName": "web-1-data"}
    address = {"name": "slipway-shop-web-1", "ipAddress": "203.0.113.9", "isAttached": True}
    stub.add_response("get_static_ip", {"staticIp": address}, static)
    stub.add_response("detach_static_ip", {"operations": []}, static)
    stub.add_response("release_static_ip", {"operations": []}, static)
    tags = [{"key": "slipway", "value": "shop:web-1"}]
    stub.add_response("get_disk", {"disk": {"name": "web-1-data", "tags": tags}}, disk)
    theirs = {"disk": {"name": "web-1-theirs", "tags": []}}
    stub.add_response("get_disk", theirs, {"diskName": "web-1-theirs"})
    stub.add_response("get_instance_state", {"state": {"name": "running"}}, {"instanceName": "web-1"})
    stub.add_response("stop_instance", {"operations": []}, {"instanceName": "web-1"})
    stub.add_response("get_instance_state", {"state": {"name": "stopped"}}, {"instanceName": "web-1"})
    stub.add_response("detach_disk", {"operations": []}, disk)
    stub.add_response("get_disk", {"disk": {"name": "web-1-data", "isAttached": False}}, disk)
    stub.add_response("delete_disk", {"operations": []}, disk)
    expected = {"instanceName": "web-1", "forceDeleteAddOns": True}
    stub.add_response("delete_instance", {"operations": []}, expected)
    removed = lightsail.remove(found(WANTED, volumes=("web-1-data", "web-1-theirs")), "shop")
    assert removed == ["static address 203.0.113.9", "disk web-1-data", "server web-1 (7)"]
