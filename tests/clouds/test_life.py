"""From a token to a running application, on all three clouds at once; then nothing changes, then nothing is left."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.clouds.account import Account, server
from tests.clouds.conftest import PROVIDERS
from tests.clouds.stand_in import LISTINGS, StandIn
from tests.sandbox.playbook import Outcome

PROJECT = f"life{secrets.token_hex(3)}"
NAMES = {provider: f"{provider}-{PROJECT}" for provider in PROVIDERS}
DATA = "/srv/data"
BOOT_SECONDS = 120
REPOSITORY = "acme/microblog-on-clouds"


@dataclass
class Fleet:
    """One application on a server of each cloud; `provisioned` is what the run said that made them."""

    account: Account
    clouds: StandIn
    provisioned: Outcome

    def address(self, provider: str) -> str:
        return self.account.hosts_of(provider)[NAMES[provider]]["ansible_host"]

    def keys(self) -> dict[str, str]:
        return {line.split(",")[0]: line for line in self.account.known_hosts}


def lines(**more: Any) -> list[dict[str, Any]]:
    """The servers; the first of them builds the image, and `more` is said of it."""
    first, *others = NAMES.items()
    common = {"private_network": False, "volumes": [{"name": "data", "size": 10, "mount": DATA}]}
    builder = server(first[1], first[0], groups=["app", "builder"], **common, **more)
    return [builder, *(server(name, provider, **common) for provider, name in others)]


@pytest.fixture(scope="module")
def fleet(fleet_of: Callable[[str], Account], clouds: StandIn) -> Fleet:
    account = fleet_of(PROJECT)
    # Three clouds share no private network: the data services of this fleet are reached by public addresses.
    account.wants(*lines(), tags=["harbour"])
    clouds.forget_faults()
    return Fleet(account, clouds, account.provision().succeeded())


@pytest.fixture(scope="module")
def deployed(fleet: Fleet) -> Fleet:
    account = fleet.account
    account.add("microblog", image=f"{{{{ registry_server }}}}/{REPOSITORY}")
    account.hosts["all"]["children"]["builder"] = {"hosts": {}}
    account.write_hosts()
    account.build().succeeded()
    account.deploy().succeeded().says("is live")
    return fleet


def test_servers_are_made_side_by_side_and_written_down(fleet: Fleet) -> None:
    fleet.provisioned.says(*(f"{name}: create" for name in NAMES.values()), f"{len(NAMES)} servers ready")
    for provider, name in NAMES.items():
        host = fleet.account.hosts_of(provider)[name]
        (there,) = fleet.clouds.servers(name)
        assert host["ansible_host"] == there["address"] and host["slipway_server"]["provider"] == provider
        # The sandbox's inventory has an operator of its own, whom the first deploy makes.
        assert host["baseline_bootstrap_user"] == ("admin" if provider == "lightsail" else "root")
        assert fleet.keys()[name].split()[3] == "slipway:planted"


def test_the_secret_of_a_host_key_stays_nowhere_on_the_controller(fleet: Fleet) -> None:
    texts = [path.read_text(errors="replace") for path in fleet.account.inventory.rglob("*") if path.is_file()]
    own = (fleet.account.inventory / "ssh/id_ed25519").read_text()
    assert not [text for text in texts if "PRIVATE KEY" in text and text != own]


def test_a_second_run_asks_each_provider_for_its_list_alone(fleet: Fleet) -> None:
    before = fleet.account.files
    fleet.clouds.begin_log()
    fleet.account.provision().succeeded().says(f"{len(NAMES)} servers, nothing to do")
    assert sorted(set(fleet.clouds.operations())) == sorted(LISTINGS[provider] for provider in NAMES)
    assert fleet.account.files == before


def test_settings_that_can_be_changed_are(fleet: Fleet) -> None:
    provider = next(iter(NAMES))
    fleet.account.wants(*lines(backups=True), tags=["harbour"])
    fleet.account.provision("--check").succeeded().says(f"{NAMES[provider]}: finish setting it up")
    fleet.account.provision().succeeded().says(f"{NAMES[provider]}: backups")
    fleet.account.provision().succeeded().says("nothing to do")


def test_they_are_listed_with_their_price(fleet: Fleet) -> None:
    listed = fleet.account.playbook("servers").succeeded()
    for provider, name in NAMES.items():
        listed.line_with(name, provider, "running", fleet.address(provider))
    listed.line_with(f"{len(NAMES)} servers,", "USD a month together")


def test_an_application_runs_on_all_of_them_as_one_fleet(deployed: Fleet) -> None:
    for provider in NAMES:
        answer = page(deployed.address(provider), "/health")
        assert answer.status_code == 200, answer.text
        assert {each["state"] for each in answer.json()["dependencies"].values()} == {"up"}
    deployed.account.playbook("verify").succeeded()


def page(address: str, path: str) -> requests.Response:
    return requests.get(f"http://{address}{path}", headers={"Host": "microblog.localhost"}, timeout=30)


def test_the_first_deploy_has_replaced_the_planted_keys(deployed: Fleet) -> None:
    assert {line.split()[3] for line in deployed.keys().values()} == {"slipway:own"}
    assert len(deployed.account.known_hosts) == len(NAMES)
    deployed.account.provision().succeeded().says("nothing to do")
    deployed.account.deploy().succeeded().says("Nothing to do.")


def test_volumes_are_formatted_and_mounted(deployed: Fleet) -> None:
    for name in NAMES.values():
        deployed.provisioned.says(f"{name}: /dev/", "formatted", f"mounted at {DATA}")
        kind, size = deployed.account.on(name, f"findmnt --noheadings --bytes --output FSTYPE,SIZE {DATA}").split()
        assert kind == "ext4" and 9 < int(size) / 2**30 < 10


LARGER = {"digitalocean": "s-2vcpu-4gb", "linode": "g6-standard-2"}
RESIZED = {provider: name for provider, name in NAMES.items() if provider in LARGER}
EVIDENCE = f"{DATA}/evidence"
STARTED = "systemctl show --value -p UserspaceTimestampMonotonic"


@pytest.mark.skipif(not RESIZED, reason="none of these providers changes sizes")
def test_another_size(deployed: Fleet) -> None:
    """Refused and shown as a diff, then done: the server restarts, with its data, at its address."""
    account, names = deployed.account, RESIZED.values()
    addresses = {provider: deployed.address(provider) for provider in RESIZED}
    starts = {name: account.on(name, f"echo anchored > {EVIDENCE}; {STARTED}") for name in names}
    wanted = [{**line, "size": LARGER.get(line["provider"], line["size"])} for line in lines(backups=True)]
    account.wants(*wanted, tags=["harbour"])
    refused = account.provision().failed()
    for provider, name in RESIZED.items():
        refused.line_with("+ size:", LARGER[provider])
        refused.line_with(f"server {name}", f"or -e resize={name}: it restarts")

    account.provision("-e", f"resize={','.join(names)}").succeeded().says(*(f"{name}: is back" for name in names))
    for provider, name in RESIZED.items():
        there = account.hosts_of(provider)[name]
        assert (there["ansible_host"], there["slipway_server"]["size"]) == (addresses[provider], LARGER[provider])
        kept, started = account.on(name, f"cat {EVIDENCE}; {STARTED}").split()
        assert kept == "anchored" and started != starts[name]
    for provider in NAMES:
        wait_until_healthy(deployed.address(provider))
    # A data service may still be starting; nothing is released anew.
    account.deploy().succeeded().says_not("is live")
    account.provision().succeeded().says("nothing to do")


def wait_until_healthy(address: str) -> None:
    """Containers take a moment after their server's boot. AssertionError when they take too long."""
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        with suppress(requests.RequestException):
            if page(address, "/health").status_code == 200:
                return
        assert time.monotonic() < deadline, f"{address} is not back after {BOOT_SECONDS} s"
        time.sleep(1)


def test_a_server_with_data_is_not_destroyed_by_the_way(deployed: Fleet) -> None:
    names = list(NAMES.values())
    refused = deployed.account.destroy(*names).failed()
    refused.one_line_with(f"{names[0]} holds data", "microblog-dbserver-data", f"-e destroy_data={names[0]}")
    refused.line_with(*(f"{name} holds data (volume " for name in names))
    assert len(deployed.clouds.servers(*names)) == len(names)


def test_a_server_that_the_inventory_forgot_is_told(fleet: Fleet) -> None:
    fleet.account.wants(*lines()[1:], tags=["harbour"])
    fleet.account.playbook("servers").succeeded().line_with(next(iter(NAMES.values())), "not in the inventory")


def test_at_the_end_nothing_is_left(fleet: Fleet) -> None:
    names = list(NAMES.values())
    fleet.account.wants()
    fleet.account.destroy(*names, data=True).succeeded().says(f"{', '.join(names)}: gone")
    fleet.clouds.wait_until_gone(*names)
    fleet.account.playbook("servers").succeeded().says(f"no server of {PROJECT}")
    assert not fleet.account.known_hosts
    assert not (fleet.account.inventory / "hosts").exists()
    removed = [event["operation"] for event in fleet.clouds.log() if event.get("method") == "DELETE"]
    for provider, shared in (("digitalocean", "/v2/firewalls/"), ("linode", "/v4/networking/firewalls/")):
        assert provider not in NAMES or any(shared in operation for operation in removed), removed
