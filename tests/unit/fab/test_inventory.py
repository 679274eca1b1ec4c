"""Hosts, users, keys and host keys as fab reads them from an inventory; what it says when they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from day_two import inventory
from day_two.problem import DayTwoError

HOSTS = """
all:
  children:
    app: {hosts: {one: {ansible_port: 2201}, two: {ansible_host: 192.0.2.2, ansible_user: admin}}}
    data: {hosts: {store: {ansible_ssh_extra_args: "-J bastion.example.com"}}}
    builder: {hosts: {maker: {}}}
"""
SETTINGS = """
ansible_host: 127.0.0.1
ansible_user: root
ansible_ssh_private_key_file: "{{ inventory_dir }}/ssh/id_ed25519"
ansible_ssh_common_args: -o UserKnownHostsFile={{ inventory_dir }}/hosts.known -o StrictHostKeyChecking=yes
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("SLIPWAY_INVENTORY", raising=False)
    return make(tmp_path / "inventory" / "production")


def make(folder: Path, applications: tuple[str, ...] = ("shop",)) -> Path:
    (folder / "group_vars" / "all").mkdir(parents=True)
    (folder / "apps").mkdir()
    (folder / "hosts.yml").write_text(HOSTS, encoding="utf-8")
    (folder / "group_vars" / "all" / "main.yml").write_text(SETTINGS, encoding="utf-8")
    for name in applications:
        (folder / "apps" / f"{name}.yml").write_text("image: x\n", encoding="utf-8")
        (folder / "apps" / f"{name}.vault.yml").write_text("secret: x\n", encoding="utf-8")
    return folder


def test_servers_are_those_of_app_and_data_with_their_connections(folder):
    found = {server.name: server for server in inventory.read_environment(str(folder)).servers}
    assert list(found) == ["one", "two", "store"]
    one, two = found["one"], found["two"]
    assert (one.address, one.port, one.user) == ("127.0.0.1", 2201, "root")
    assert one.key == f"{folder}/ssh/id_ed25519"
    assert one.known_hosts == folder / "hosts.known"
    # A group's variable does not come before a host's own.
    assert (two.address, two.port, two.user) == ("192.0.2.2", 22, "admin")
    assert found["store"].gateway == "ssh -o StrictHostKeyChecking=yes -W %h:%p bastion.example.com"


def test_host_keys_are_the_inventory_s_where_no_argument_says_otherwise(folder):
    server = inventory.server_of("x", {"ansible_user": "root"}, folder)
    assert server.known_hosts == folder / "known_hosts"
    assert server.address == "x"


def test_an_application_need_not_be_named_where_there_is_one(folder):
    environment = inventory.read_environment(str(folder))
    assert environment.application("") == "shop"
    with pytest.raises(DayTwoError, match="has no application store; it has: shop"):
        environment.application("store")


def test_of_several_applications_one_has_to_be_named(tmp_path):
    environment = inventory.read_environment(str(make(tmp_path / "two", ("blog", "shop"))))
    assert environment.application("blog") == "blog"
    with pytest.raises(DayTwoError, match=r"--app \(blog, shop\)"):
        environment.application("")


def test_hosts_can_be_chosen(folder):
    environment = inventory.read_environment(str(folder))
    assert [server.name for server in environment.choose("store,one")] == ["store", "one"]
    with pytest.raises(DayTwoError, match="has no host maker"):
        environment.choose("maker")


def test_the_only_inventory_is_taken_and_the_example_is_none(folder):
    make(folder.parent / "example")
    assert inventory.inventory_folder("", folder.parent) == folder


def test_of_several_inventories_one_has_to_be_named(folder):
    make(folder.parent / "staging")
    with pytest.raises(DayTwoError, match="several inventories") as error:
        inventory.inventory_folder("", folder.parent)
    assert "SLIPWAY_INVENTORY=" in str(error.value)


def test_the_environment_s_inventory_counts_and_the_option_before_it(folder, monkeypatch):
    other = make(folder.parent / "staging")
    monkeypatch.setenv("SLIPWAY_INVENTORY", str(other))
    assert inventory.inventory_folder("", folder.parent) == other
    assert inventory.inventory_folder(str(folder / "hosts.yml"), folder.parent) == folder


def test_no_inventory_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(DayTwoError, match="copy inventory/example"):
        inventory.inventory_folder("", tmp_path)
    with pytest.raises(DayTwoError, match=r"--inventory .*: expected a folder with hosts\.yml"):
        inventory.inventory_folder(str(tmp_path), tmp_path)


def test_a_broken_inventory_is_an_error_in_one_line(folder):
    (folder / "group_vars" / "all" / "main.yml").write_text("a: [", encoding="utf-8")
    with pytest.raises(DayTwoError) as error:
        inventory.read_environment(str(folder))
    assert "cannot be read" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_encrypted_file_without_its_password_says_where_to_put_it(folder, monkeypatch):
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE", raising=False)
    text = "$ANSIBLE_VAULT;1.1;AES256\n" + "61" * 40 + "\n"
    (folder / "group_vars" / "all" / "vault.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DayTwoError, match="ANSIBLE_VAULT_PASSWORD_FILE"):
        inventory.read_environment(str(folder))
