"""Servers of the clouds: numbers, addresses, what survives a restart, what a server is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from dnslib import DNSRecord

from sandbox import inventory, names, paths
from sandbox.cloud import machines as real
from sandbox.cloud import service
from sandbox.cloud.clouds import Cloud
from sandbox.cloud.fleet import NoRoomError
from sandbox.cloud.journal import Journal
from sandbox.cloud.limits import Window
from sandbox.cloud.resolver import Resolver
from sandbox.cloud.seed import ADDRESSES_FILE, FOLDER, LOGIN_FILE, Seed
from sandbox.errors import SandboxError
from tests.unit.sandbox.cloud.conftest import TOKENS, NotedMachines


def begin(folder: Path, machines: NotedMachines) -> Cloud:
    return Cloud.make(TOKENS, machines, folder / "memory.json", Journal(lambda _: None))


def test_a_restart_remembers_everything(tmp_path: Path) -> None:
    machines = NotedMachines()
    before = begin(tmp_path, machines)
    made = before.fleet.create("linode", Seed("1", "web-1"), "13")
    before.fleet.wait(made["work"])
    before.fleet.close()
    after = begin(tmp_path, machines)
    after.fleet.close()
    assert [(server["name"], server["state"]) for server in after.servers()] == [("web-1", "running")]
    assert machines.told == [("start", 1), ("resume", 1)]
    assert after.store.number("work", 1) > int(made["work"])


def test_what_was_under_way_at_a_restart_has_failed(tmp_path: Path) -> None:
    memory = {
        "format": 1,
        "numbers": {},
        "tables": {
            "work": {"1": {"kind": "create", "state": "running", "begun": 0, "ended": None}},
            "machines": {"1": {"number": 1, "provider": "linode", "name": "web-1", "state": "making"}},
        },
    }
    (tmp_path / "memory.json").write_text(json.dumps(memory))
    cloud = begin(tmp_path, NotedMachines())
    assert cloud.fleet.machine(1)["state"] == "failed" and cloud.fleet.work("1")["state"] == "failed"


def test_there_is_room_for_a_hundred_servers(cloud) -> None:
    for number in range(100):
        assert cloud.fleet.create("linode", Seed(str(number), "web"), "13")["number"] == number + 1
    with pytest.raises(NoRoomError):
        cloud.fleet.create("linode", Seed("101", "web"), "13")
    assert cloud.servers()[-1]["address"] == "172.30.0.199" and cloud.servers()[-1]["address_6"] == "fd5a:51:70::199"


def test_private_addresses_are_given_out_once(cloud) -> None:
    first = cloud.fleet.private_address("10.0.0.0/29", "linode")
    cloud.fleet.create("linode", Seed("1", "web"), "13", [first])
    assert (first, cloud.fleet.private_address("10.0.0.0/29", "linode")) == ("10.0.0.2/29", "10.0.0.3/29")
    assert cloud.fleet.private_address("10.0.0.0/29", "digitalocean") == "10.0.0.2/29"


def test_a_seed_is_what_cloud_init_finds() -> None:
    files = Seed("i-1", "web-1", "#cloud-config\n", ["ssh-ed25519 A"], "admin").files(["10.0.0.2/20"])
    meta = yaml.safe_load(files[f"{FOLDER}/meta-data"].content)
    assert meta == {"instance-id": "i-1", "local-hostname": "web-1", "public-keys": ["ssh-ed25519 A"]}
    assert (files[f"{FOLDER}/user-data"].content, files[f"{FOLDER}/user-data"].mode) == (b"#cloud-config\n", 0o600)
    login = yaml.safe_load(files[LOGIN_FILE].content)
    assert login["disable_root"] and login["system_info"]["default_user"]["name"] == "admin"
    assert files[ADDRESSES_FILE].content == b"10.0.0.2/20\n"
    assert yaml.safe_load(Seed("1", "web").files()[LOGIN_FILE].content) == {"disable_root": False, "users": []}


def test_a_server_is_made_as_the_sandboxes_own_are() -> None:
    made = real.specification(3, "12", Seed("1", "web-1"), [], legacy=True)
    assert (made.container, made.address, made.hostname) == ("slipway-sandbox-cloud-3", "172.30.0.102", "web-1")
    assert made.image == "slipway-sandbox/cloud-server:debian-12" and made.kind == "server"
    assert made.volumes == {"slipway-sandbox-cloud-3-docker": "/var/lib/docker"} and not made.ports
    assert made.host_configuration["CgroupnsMode"] == "host"


def test_the_container_holds_the_code_at_the_checkouts_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    made = service.specification()
    assert f"{paths.CHECKOUT}/sandbox/servers.py" in made.files and made.environment == {
        "PYTHONPATH": str(paths.CHECKOUT)
    }
    assert json.loads(made.files[str(service.TOKENS)].content) == inventory.ensure_cloud_tokens()
    assert made.files[str(service.TOKENS)].mode == 0o600 and made.ports == {443: names.CLOUD_PORT}
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    with pytest.raises(SandboxError, match=r"192\.0\.2\.1"):
        service.specification()


def test_tokens_look_like_the_vendors_and_stay() -> None:
    tokens = inventory.ensure_cloud_tokens()
    assert str(tokens["digitalocean"]).startswith("dop_v1_") and len(str(tokens["digitalocean"])) == 71
    ((key, secret),) = dict(tokens["lightsail"]).items()
    assert key.startswith("AKIA") and (len(key), len(secret), len(str(tokens["linode"]))) == (20, 40, 64)
    assert inventory.ensure_cloud_tokens() == tokens


def test_a_window_counts_each_caller_until_its_time_is_over() -> None:
    window = Window(2, 60)
    assert [window.count("one").retry_after for _ in range(2)] == [None, None]
    assert window.count("two").remaining == 1
    refused = window.count("one")
    assert refused.remaining == 0 and 1 <= int(refused.retry_after or 0) <= 60
    window.clear()
    assert window.count("one").retry_after is None


@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        ("web-1.cloud.sandbox", "A", ["172.30.0.100"]),
        ("Shop.Web-1.cloud.sandbox", "AAAA", ["fd5a:51:70::100"]),
        ("cloud.sandbox", "A", ["172.30.0.7"]),
        ("web-2.cloud.sandbox", "A", None),
        ("other-web-1.cloud.sandbox", "A", None),
        ("web-1.cloud.sandbox", "TXT", []),
    ],
)
def test_servers_have_names(name: str, kind: str, answer: list[str] | None) -> None:
    resolver = Resolver(lambda: [{"name": "web-1", "number": 1}])
    reply = resolver.resolve(DNSRecord.question(name, kind), None)
    assert [str(record.rdata) for record in reply.rr] == (answer or [])
    assert (reply.header.rcode == 3) == (answer is None)
