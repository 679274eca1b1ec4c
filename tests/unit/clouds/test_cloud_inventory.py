"""The file that provision.yml writes is read by it at each step, and may be edited by a person meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils import cloud_inventory
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_inventory import CloudInventory

from tests.unit.clouds.wishes import found, wanted

CLOUD = "digitalocean"


@pytest.fixture
def inventory(tmp_path: Path) -> CloudInventory:
    """Twenty servers, written down."""
    made = CloudInventory(tmp_path)
    for number in range(1, 21):
        server = wanted(f"web-{number}")
        made.record(server, found(server, id=str(number)), "root")
    return made


def test_what_has_not_changed_is_parsed_once(inventory: CloudInventory, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    load = yaml.load
    monkeypatch.setattr(cloud_inventory.yaml, "load", lambda *given: parsed.append(1) or load(*given))
    again = CloudInventory(inventory.folder)
    for number in range(1, 21):
        server = wanted(f"web-{number}")
        assert again.all_entries()[server.name].record["id"] == str(number)
        assert not again.record(server, found(server, id=str(number)), "root")
    assert len(parsed) == 1


def test_an_edit_in_the_middle_of_a_run_stays(inventory: CloudInventory) -> None:
    path = inventory.path(CLOUD)
    assert "note" not in inventory.entries(CLOUD)["web-2"].variables
    path.write_text(path.read_text().replace("    web-2:\n", "    web-2:\n      note: mine\n", 1))
    server = wanted("web-1")
    assert inventory.record(server, found(server, public_address="203.0.113.99"), "root")
    hosts = yaml.safe_load(path.read_text())["all"]["hosts"]
    assert hosts["web-2"]["note"] == "mine" and hosts["web-1"]["ansible_host"] == "203.0.113.99"


def test_what_a_caller_does_with_the_entries_is_its_own_business(inventory: CloudInventory) -> None:
    inventory.entries(CLOUD).clear()
    assert len(inventory.entries(CLOUD)) == 20


def test_a_file_of_another_form_is_told(inventory: CloudInventory) -> None:
    inventory.path(CLOUD).write_text("all: [web-1]\n")
    with pytest.raises(InputError):
        inventory.entries(CLOUD)
