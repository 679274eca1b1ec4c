"""Lightsail's API, asked by Amazon's own SDK: botocore's model judges requests and answers on both sides."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.cloud import fleet
from tests.unit.sandbox.cloud import sdk
from tests.unit.sandbox.cloud.conftest import ACCESS_KEY, PUBLIC_KEY, SECRET_KEY

WANTED = {
    "instanceNames": ["web-1"],
    "availabilityZone": "eu-central-1a",
    "blueprintId": "debian_13",
    "bundleId": "small_3_0",
}
SCRIPT = "#!/bin/sh\necho hello\n"


@pytest.fixture
def lightsail(client) -> Any:
    return sdk.lightsail(client, ACCESS_KEY, SECRET_KEY)


@pytest.fixture(scope="module")
def rsa_key() -> str:
    public = rsa.generate_private_key(65537, 2048).public_key()
    return public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def make(lightsail, until, **more: Any) -> dict[str, Any]:
    """An instance that runs."""
    lightsail.create_instances(**WANTED | more)
    name = (WANTED | more)["instanceNames"][0]
    until(lambda: lightsail.get_instance_state(instanceName=name)["state"]["name"] == "running")
    return lightsail.get_instance(instanceName=name)["instance"]


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    """Kind and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_signatures_are_checked(client) -> None:
    wrong = sdk.lightsail(client, ACCESS_KEY, "wrong")
    assert refused(wrong.get_instances)[0] == "InvalidSignatureException"
    unknown = sdk.lightsail(client, "AKIANOBODY", SECRET_KEY)
    assert refused(unknown.get_instances)[0] == "UnrecognizedClientException"
    unsigned = client.post("/", headers={"X-Amz-Target": "Lightsail_20161128.GetInstances"}, data=b"{}")
    assert unsigned.status_code == 400 and b"MissingAuthenticationTokenException" in unsigned.data


def test_a_signature_covers_the_body(client, lightsail) -> None:
    def change(request: Any, **_: Any) -> None:
        request.body = request.body.replace(b"web-1", b"web-2")

    lightsail.meta.events.register_first("before-send.lightsail", change)
    assert refused(lightsail.get_instance, instanceName="web-1")[0] == "InvalidSignatureException"


def test_what_is_sold(lightsail) -> None:
    regions = lightsail.get_regions(includeAvailabilityZones=True)["regions"]
    zones = {region["name"]: [zone["zoneName"] for zone in region["availabilityZones"]] for region in regions}
    assert zones["eu-central-1"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    prices = {bundle["bundleId"]: bundle["price"] for bundle in lightsail.get_bundles()["bundles"]}
    assert prices["small_3_0"] == 12.0 and prices["nano_win_3_0"] == 9.5
    blueprints = [blueprint["blueprintId"] for blueprint in lightsail.get_blueprints()["blueprints"]]
    assert blueprints == ["debian_12", "debian_13"]


def test_an_instance_is_made_as_asked(lightsail, machines, until, rsa_key) -> None:
    lightsail.import_key_pair(keyPairName="owner", publicKeyBase64=rsa_key)
    tags = [{"key": "slipway", "value": "project:web-1"}, {"key": "shop"}]
    answer = lightsail.create_instances(**WANTED, userData=SCRIPT, keyPairName="owner", tags=tags)
    operation = answer["operations"][0]
    assert (operation["operationType"], operation["resourceName"]) == ("CreateInstance", "web-1")
    until(lambda: lightsail.get_operation(operationId=operation["id"])["operation"]["status"] == "Succeeded")
    instance = lightsail.get_instance(instanceName="web-1")["instance"]
    assert instance["state"] == {"code": 16, "name": "running"} and instance["username"] == "admin"
    assert (instance["publicIpAddress"], instance["privateIpAddress"]) == ("172.30.0.100", "172.26.0.2")
    assert instance["ipv6Addresses"] == ["fd5a:51:70::100"] and instance["tags"] == tags
    assert instance["location"] == {"availabilityZone": "eu-central-1a", "regionName": "eu-central-1"}
    seed = machines.started[1]
    assert (seed.hostname, seed.login, seed.user_data, list(seed.keys)) == ("web-1", "admin", SCRIPT, [rsa_key])
    listed = lightsail.get_operations_for_resource(resourceName="web-1")["operations"]
    assert [found["id"] for found in listed] == [operation["id"]]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"availabilityZone": "us-east-1a"}, "Invalid availability zone. Actual: us-east-1a region: eu-central-1"),
        ({"blueprintId": "debian_11"}, "Blueprint debian_11 is not valid"),
        ({"bundleId": "tiny_3_0"}, "Bundle tiny_3_0 is not valid in this region"),
        ({"bundleId": "small_win_3_0"}, "Blueprint debian_13 does not run on bundle small_win_3_0"),
        ({"bundleId": "small_ipv6_3_0"}, "Bundle small_ipv6_3_0 does not go with the IP address type dualstack"),
        ({"userData": "#" * 16385}, "The user data is longer than 16384 bytes"),
        ({"ipAddressType": "both"}, "Member must satisfy enum value set: [dualstack, ipv4, ipv6]"),
        ({"instanceNames": []}, "At least one instance name is required"),
    ],
)
def test_an_instance_that_cannot_be(lightsail, machines, wrong: dict[str, Any], said: str) -> None:
    kind, message = refused(lightsail.create_instances, **WANTED | wrong)
    assert kind == "InvalidInputException" and said in message
    assert not machines.started


def test_names_are_unique_in_a_region(client, lightsail, until) -> None:
    make(lightsail, until)
    assert refused(lightsail.create_instances, **WANTED)[1] == "Some names are already in use: web-1"
    other = sdk.lightsail(client, ACCESS_KEY, SECRET_KEY, "eu-west-1")
    assert other.get_instances()["instances"] == []
    assert refused(other.get_instance, instanceName="web-1")[0] == "NotFoundException"
    make(other, until, availabilityZone="eu-west-1a")


def test_a_script_is_all_that_is_run(lightsail, machines, until) -> None:
    make(lightsail, until, userData="#cloud-config\n{}\n")
    assert machines.started[1].user_data == "#!/bin/sh\n#cloud-config\n{}\n"


def test_instances_come_in_pages_and_not_at_once(lightsail, faults, until, monkeypatch) -> None:
    faults("on-paper", times=0)
    for number in range(25):
        lightsail.create_instances(**WANTED | {"instanceNames": [f"web-{number}"]})
    first = lightsail.get_instances()
    second = lightsail.get_instances(pageToken=first["nextPageToken"])
    assert (len(first["instances"]), len(second["instances"])) == (20, 5) and "nextPageToken" not in second
    monkeypatch.setattr(fleet, "LISTED_AFTER_SECONDS", 3600.0)
    assert lightsail.get_instances()["instances"] == []
    assert refused(lightsail.get_instances, pageToken="none")[0] == "InvalidInputException"


def test_power(lightsail, machines, until) -> None:
    make(lightsail, until)

    def state() -> str:
        return lightsail.get_instance_state(instanceName="web-1")["state"]["name"]

    assert refused(lightsail.start_instance, instanceName="web-1")[0] == "InvalidInputException"
    lightsail.stop_instance(instanceName="web-1")
    until(lambda: state() == "stopped")
    assert "publicIpAddress" not in lightsail.get_instance(instanceName="web-1")["instance"]
    lightsail.start_instance(instanceName="web-1")
    until(lambda: state() == "running")
    lightsail.reboot_instance(instanceName="web-1")
    lightsail.delete_instance(instanceName="web-1")
    assert refused(lightsail.get_instance, instanceName="web-1")[0] == "NotFoundException"
    until(lambda: ("remove", 1) in machines.told)


def test_ports(lightsail, until) -> None:
    make(lightsail, until)

    def ports() -> list[tuple[str, int]]:
        states = lightsail.get_instance_port_states(instanceName="web-1")["portStates"]
        return [(port["protocol"], port["fromPort"]) for port in states if port["state"] == "open"]

    assert ports() == [("tcp", 22), ("tcp", 80)]
    wanted = [{"fromPort": port, "toPort": port, "protocol": kind} for kind, port in (("tcp", 443), ("udp", 443))]
    answer = lightsail.put_instance_public_ports(instanceName="web-1", portInfos=wanted)
    assert answer["operation"]["operationType"] == "PutInstancePublicPorts"
    assert ports() == [("tcp", 443), ("udp", 443)]
    ping = {"fromPort": 8, "toPort": -1, "protocol": "icmp", "cidrs": ["0.0.0.0/0"]}
    lightsail.open_instance_public_ports(instanceName="web-1", portInfo=ping)
    lightsail.close_instance_public_ports(instanceName="web-1", portInfo=wanted[1])
    assert ports() == [("tcp", 443), ("icmp", 8)]
    wrong = [{"fromPort": 9, "toPort": 8, "protocol": "tcp"}]
    assert refused(lightsail.put_instance_public_ports, instanceName="web-1", portInfos=wrong)[0] == (
        "InvalidInputException"
    )


def test_a_static_address_reaches_the_server(lightsail, machines, until) -> None:
    make(lightsail, until)
    lightsail.allocate_static_ip(staticIpName="web-1-address")
    ip = lightsail.get_static_ip(staticIpName="web-1-address")["staticIp"]["ipAddress"]
    lightsail.attach_static_ip(staticIpName="web-1-address", instanceName="web-1")
    until(lambda: f"{ip}/32" in machines.addresses[1])
    instance = lightsail.get_instance(instanceName="web-1")["instance"]
    assert instance["isStaticIp"] and instance["publicIpAddress"] == ip
    assert refused(lightsail.attach_static_ip, staticIpName="web-1-address", instanceName="web-1")[0] == (
        "InvalidInputException"
    )
    lightsail.detach_static_ip(staticIpName="web-1-address")
    until(lambda: f"{ip}/32" not in machines.addresses[1])
    lightsail.release_static_ip(staticIpName="web-1-address")
    assert lightsail.get_static_ips()["staticIps"] == []


def test_disks(lightsail, until) -> None:
    make(lightsail, until)
    place = {"availabilityZone": "eu-central-1a", "sizeInGb": 8}
    lightsail.create_disk(diskName="data", **place)
    attach = {"diskName": "data", "instanceName": "web-1", "diskPath": "/dev/xvdf"}
    assert "pending" in refused(lightsail.attach_disk, **attach)[1]
    until(lambda: lightsail.get_disk(diskName="data")["disk"]["state"] == "available")
    lightsail.attach_disk(**attach)
    disks = lightsail.get_instance(instanceName="web-1")["instance"]["hardware"]["disks"]
    assert [disk["name"] for disk in disks] == ["web-1-system", "data"]
    assert "stopped" in refused(lightsail.detach_disk, diskName="data")[1]
    lightsail.stop_instance(instanceName="web-1")
    until(lambda: lightsail.get_instance_state(instanceName="web-1")["state"]["name"] == "stopped")
    lightsail.detach_disk(diskName="data")
    lightsail.delete_disk(diskName="data")
    assert lightsail.get_disks()["disks"] == []


def test_keys_tags_and_add_ons(lightsail, until, rsa_key) -> None:
    assert "ssh-rsa" in refused(lightsail.import_key_pair, keyPairName="owner", publicKeyBase64=PUBLIC_KEY)[1]
    lightsail.import_key_pair(keyPairName="owner", publicKeyBase64=rsa_key)
    assert lightsail.get_key_pair(keyPairName="owner")["keyPair"]["fingerprint"].count(":") == 15
    make(lightsail, until)
    lightsail.tag_resource(resourceName="web-1", tags=[{"key": "slipway", "value": "x"}])
    lightsail.tag_resource(resourceName="web-1", tags=[{"key": "slipway", "value": "y"}])
    lightsail.enable_add_on(resourceName="web-1", addOnRequest={"addOnType": "AutoSnapshot"})
    instance = lightsail.get_instance(instanceName="web-1")["instance"]
    assert instance["tags"] == [{"key": "slipway", "value": "y"}] and instance["addOns"][0]["status"] == "Enabled"
    lightsail.untag_resource(resourceName="web-1", tagKeys=["slipway"])
    assert refused(lightsail.delete_instance, instanceName="web-1")[0] == "InvalidInputException"
    lightsail.delete_instance(instanceName="web-1", forceDeleteAddOns=True)
    lightsail.delete_key_pair(keyPairName="owner")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("rights", "AccessDeniedException"),
        ("quota", "InvalidInputException"),
        ("sold-out", "OperationFailureException"),
    ],
)
def test_refusals_of_new_servers(lightsail, faults, kind: str, code: str) -> None:
    faults(kind, provider="lightsail")
    assert refused(lightsail.create_instances, **WANTED)[0] == code
    lightsail.create_instances(**WANTED)


def test_faults_in_the_vendors_form(lightsail, faults, until) -> None:
    faults("status", operation="CreateInstances", status=429, retry_after=1)
    assert refused(lightsail.create_instances, **WANTED) == ("ThrottlingException", "Rate exceeded")
    faults("status", operation="CreateInstances", status=500)
    assert refused(lightsail.create_instances, **WANTED)[0] == "ServiceException"
    faults("error-state")
    operation = lightsail.create_instances(**WANTED)["operations"][0]["id"]
    until(lambda: lightsail.get_operation(operationId=operation)["operation"]["status"] == "Failed")
    assert lightsail.get_instance_state(instanceName="web-1")["state"]["name"] == "terminated"


def test_what_is_not_served_is_said(lightsail) -> None:
    assert refused(lightsail.get_domains)[0] == "UnknownOperationException"
