"""Nothing is lost and nothing is ordered twice, whatever is cut off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import Volume, WantedServer
from ansible_collections.slipway.vps.plugins.module_utils.cloud_plan import make_plan
from ansible_collections.slipway.vps.plugins.module_utils.known_hosts import now
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils import cloud_provisioner
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_inventory import CloudInventory
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_provisioner import Listing, Outcome, Provisioner
from ansible_collections.slipway.vps.plugins.plugin_utils.first_contact import FirstBootError

from tests.unit.clouds.memory import MemoryCloud
from tests.unit.clouds.wishes import found, wanted

WEB = wanted()


class Contact:
    """Answers at once; `broken` are servers whose first boot ended badly."""

    def __init__(self) -> None:
        self.met: list[str] = []
        self.broken: set[str] = set()

    def wait(self, name: str, address: str, user: str) -> None:
        self.met.append(name)
        if name in self.broken:
            raise FirstBootError(f"{name}: its first boot ended with an error of cloud-init", "E: no such package")

    def mount(self, name: str, address: str, users: list[str], device: str, place: str) -> bool:
        self.met.append(f"{name} {device} {place}")
        return True

    def back(self, name: str, address: str, user: str) -> None:
        self.met.append(f"{name} again")


class World:
    """An inventory, a provider, and runs of provision.yml against them."""

    def __init__(self, folder: Path) -> None:
        self.cloud, self.contact = MemoryCloud(), Contact()
        self.inventory = CloudInventory(folder)
        self.said: list[str] = []

    def run(self, *servers: WantedServer, **more: Any) -> list[Outcome]:
        servers = servers or (WEB,)
        listing = Listing(self.cloud, self.cloud.servers())
        entries = self.inventory.all_entries().items()
        marks = {name: str(entry.record.get("settings")) for name, entry in entries}
        plan = make_plan("production", "shop", list(servers), listing.servers, marks, **more)
        if plan.problems:
            raise InputError(plan.problems)
        provisioner = Provisioner(
            self.cloud,
            plan,
            listing,
            self.inventory,
            self.contact,  # type: ignore[arg-type]
            lambda server, pair: f"{server.name} {pair.public}",
            self.said.append,
            sleep=lambda seconds: None,
        )
        return provisioner.run(list(servers))

    def ready(self, *servers: WantedServer) -> list[Outcome]:
        outcomes = self.run(*servers)
        assert not [outcome.error for outcome in outcomes if outcome.error], outcomes
        return outcomes


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(cloud_provisioner, "LISTED_SECONDS", 0.3)
    monkeypatch.setattr(cloud_provisioner, "OFF_SECONDS", 0)
    return World(tmp_path)


def test_a_server_comes_up_and_is_written_down(world: World) -> None:
    (outcome,) = world.ready()
    assert outcome.changed and world.cloud.orders == ["web-1"] and world.contact.met == ["web-1"]
    (key,) = world.inventory.known_hosts.keys("web-1")
    assert key.planted and key.addresses == ("203.0.113.1",) and key.key in world.cloud.user_data[0]
    entry = world.inventory.entries("digitalocean")["web-1"]
    assert entry.groups == ("app",) and entry.variables["ansible_host"] == "203.0.113.1"
    assert entry.variables["ansible_user"] == "root" and entry.variables["private_address"] == "10.0.0.7"
    assert {**entry.record, "settings": "x"} == {
        "provider": "digitalocean",
        "id": "1",
        "region": "fra1",
        "size": "s-1vcpu-2gb",
        "image": "debian-13-x64",
        "settings": "x",
        "first_boot": "done",
    }


def test_the_second_run_asks_for_the_list_and_nothing_else(world: World) -> None:
    servers = [wanted(f"web-{number}") for number in range(1, 21)]
    world.ready(*servers)
    world.cloud.listings = world.cloud.shared = 0
    outcomes = world.ready(*servers)
    assert len(outcomes) == 20 and not any(outcome.changed for outcome in outcomes)
    assert (world.cloud.listings, world.cloud.shared, len(world.contact.met)) == (1, 0, 20)


@pytest.mark.parametrize("fault", ["reset after", "reset before", "500"])
def test_an_answer_that_is_lost(world: World, fault: str) -> None:
    world.cloud.faults = [fault]
    world.ready()
    assert world.cloud.orders == ["web-1"] and not world.cloud.removed
    assert world.inventory.known_hosts.keys("web-1")[0].key in world.cloud.user_data[0]


def test_a_run_that_is_killed_between_request_and_answer(world: World) -> None:
    world.cloud.faults = ["killed"]
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.ready()
    assert world.cloud.orders == ["web-1"]
    assert world.inventory.known_hosts.keys("web-1")[0].key in world.cloud.user_data[0]


def test_a_killed_run_s_server_that_is_listed_late(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan does not see it yet; known_hosts tells that somebody may have ordered it."""
    # On a slow machine it must not seem to be an order of long ago.
    monkeypatch.setattr(cloud_provisioner, "LISTED_SECONDS", 60)
    world.cloud.faults = ["killed"]
    world.cloud.hidden["web-1"] = 3
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.ready()
    assert world.cloud.orders == ["web-1"] and "may have ordered it" in " ".join(world.said)


def test_a_trace_of_an_order_that_never_arrived(world: World) -> None:
    """After a while a server that is not listed was not made."""
    world.inventory.plant("web-1", "ssh-ed25519 AAAAold")
    path = world.inventory.known_hosts.path
    (key,) = world.inventory.known_hosts.keys("web-1")
    path.write_text(replace(key, since=now() - timedelta(hours=1)).line + "\n")
    world.ready()
    assert world.cloud.orders == ["web-1"]
    assert world.inventory.known_hosts.keys("web-1")[0].key in world.cloud.user_data[0]


def test_a_refusal_leaves_the_others_alone(world: World) -> None:
    servers = [wanted(f"web-{number}") for number in range(1, 6)]
    world.cloud.faults = ["", "", "refused"]
    outcomes = world.run(*servers)
    (failed,) = [outcome for outcome in outcomes if outcome.error]
    assert failed.error is not None and failed.error.message == "droplet limit"
    assert not world.inventory.known_hosts.keys(failed.name)
    assert len(world.inventory.entries("digitalocean")) == 4
    world.ready(*servers)
    assert sorted(world.cloud.orders) == [server.name for server in servers]


def test_a_first_boot_that_fails_is_told_once(world: World) -> None:
    world.contact.broken = {"web-1"}
    (outcome,) = world.run()
    assert outcome.error is not None and outcome.error.log == "E: no such package"
    (outcome,) = world.run()
    assert outcome.error is None and "taken as it is" in outcome.warning
    (outcome,) = world.ready()
    assert not outcome.changed and not outcome.warning and world.cloud.orders == ["web-1"]


def test_a_server_that_never_ran_is_ordered_anew(world: World) -> None:
    world.cloud.dead = {"web-1"}
    world.cloud.there["web-1"] = found(WEB, id="1", state="creating", public_address="")
    world.inventory.plant("web-1", "ssh-ed25519 AAAAold")
    original = world.cloud.remove

    def remove(server: Any, project: str) -> list[str]:
        world.cloud.dead.clear()
        return original(server, project)

    world.cloud.remove = remove  # type: ignore[method-assign]
    world.ready()
    assert world.cloud.removed == ["1"] and world.cloud.orders == ["web-1"]


def test_a_server_that_is_off_is_turned_on(world: World) -> None:
    world.cloud.there["web-1"] = found(WEB, state="stopped")
    world.ready()
    assert world.cloud.orders == [] and world.cloud.there["web-1"].state == "running"


def test_two_servers_with_one_tag_are_told(world: World) -> None:
    world.cloud.there = {"a": found(WEB, id="1"), "b": found(WEB, id="2")}
    with pytest.raises(
        InputError, match=r"2 servers with the tag slipway:shop:web-1 \(digitalocean 1, digitalocean 2\)"
    ):
        world.run()


def test_a_stranger_s_name_is_left_alone(world: World) -> None:
    world.cloud.there["web-1"] = found(WEB, id="99", tags=("theirs",))
    with pytest.raises(InputError, match=r"found web-1, which digitalocean has already \(99, not of shop\)"):
        world.run()
    assert world.cloud.orders == [] and world.cloud.removed == []


def test_what_cannot_be_changed_is_refused(world: World) -> None:
    world.ready()
    other = wanted(size="s-2vcpu-4gb")
    with pytest.raises(InputError) as caught:
        world.run(other)
    assert str(caught.value) == (
        "production: server web-1: found size s-1vcpu-2gb there, s-2vcpu-4gb in the inventory;"
        " expected what is there, or -e resize=web-1: it restarts"
    )
    with pytest.raises(InputError, match="region fra1 there, ams3 in the inventory; expected what is there"):
        world.run(wanted(region="ams3"))
    (outcome,) = world.run(other, resize=["web-1"])
    assert outcome.changed and world.cloud.there["web-1"].size == "s-2vcpu-4gb"
    assert world.inventory.entries("digitalocean")["web-1"].record["size"] == "s-2vcpu-4gb"
    assert world.contact.met == ["web-1", "web-1 again"]


def test_a_server_that_was_ready_and_is_off_is_turned_on(world: World) -> None:
    """As after a resize that was cut off between the new size and the power."""
    world.ready()
    world.cloud.there["web-1"] = replace(world.cloud.there["web-1"], state="stopped")
    (outcome,) = world.run()
    assert outcome.changed and world.cloud.there["web-1"].state == "running"
    assert "web-1: is off; turning it on" in world.said and world.contact.met == ["web-1", "web-1 again"]
    (outcome,) = world.run()
    assert not outcome.changed


def test_what_a_user_wrote_into_the_file_stays(world: World) -> None:
    world.ready()
    path = world.inventory.path("digitalocean")
    path.write_text(path.read_text().replace("ansible_user: root", "ansible_user: deploy\n      color: blue"))
    world.ready(wanted(groups=("app", "data")))
    entry = world.inventory.entries("digitalocean")["web-1"]
    assert entry.variables["ansible_user"] == "deploy" and entry.variables["color"] == "blue"
    assert entry.groups == ("app", "data")


def test_volumes_are_mounted_once_the_first_boot_is_over(world: World) -> None:
    volumes = (Volume("data", 20, "/var/lib/docker"), Volume("more", 10))
    world.ready(wanted(volumes=volumes))
    assert world.contact.met == [
        "web-1",
        "web-1 /dev/disk/by-id/web-1-data /var/lib/docker",
        "web-1 /dev/disk/by-id/web-1-more /mnt/more",
    ]
    world.ready(wanted(volumes=volumes))
    assert len(world.contact.met) == 3


def test_without_a_private_network_there_is_no_private_address(world: World) -> None:
    world.ready(wanted(private_network=False))
    assert "private_address" not in world.inventory.entries("digitalocean")["web-1"].variables


def test_an_inventory_with_an_operator_of_its_own(world: World) -> None:
    """The first deploy makes the operator; what the provider hands out is the way in until then."""
    world.inventory.user = "deploy"
    world.ready()
    entry = world.inventory.entries("digitalocean")["web-1"]
    assert entry.variables["baseline_bootstrap_user"] == "root" and "ansible_user" not in entry.variables
    assert world.inventory.users(entry) == ["deploy", "root"]


def test_the_last_one_takes_what_they_shared(world: World) -> None:
    world.ready(WEB, wanted("web-2"))

    def provisioner() -> Provisioner:
        listing = Listing(world.cloud, world.cloud.servers())
        plan = make_plan("production", "shop", [], [], {})
        return Provisioner(
            world.cloud,
            plan,
            listing,
            world.inventory,
            world.contact,
            lambda a, b: "",
            world.said.append,  # type: ignore[arg-type]
        )

    run = provisioner()
    # They are made side by side, so either of them can be the first that the provider counts.
    names = {server.id: server.name for server in world.cloud.there.values()}
    assert not run.remove([world.cloud.there["web-1"]], names)[0].error
    assert run.remove_shared() == []
    assert set(world.inventory.all_entries()) == {"web-2"} and not world.inventory.known_hosts.keys("web-1")
    run = provisioner()
    (server,) = world.cloud.there.values()
    run.remove([server], {server.id: server.name})
    assert run.remove_shared() == ["firewall"]
    assert not world.inventory.path("digitalocean").exists() and world.inventory.known_hosts.path.read_text() == ""
