"""Ansible's connection, as an ssh_config(5): read back by ssh itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.plugin_utils.ssh_settings import options_of, ssh_config

SETTINGS = {
    "host": "192.0.2.7",
    "port": 2201,
    "user": "deploy",
    "key": "/keys/id with space",
    "control_path": "/home/me/.ansible/cp/%C",
    # Whoever turns the check of host keys off is not obeyed.
    "arguments": [
        "-o ControlMaster=auto -o ControlPersist=300s -o StrictHostKeyChecking=no",
        "-o UserKnownHostsFile=/inventory/known_hosts -J bastion.example.com",
        "",
    ],
}


@pytest.mark.parametrize(
    ("arguments", "pairs"),
    [
        ("", []),
        ("-o Port=22", [("Port", "22")]),
        ("-oPort=22", [("Port", "22")]),
        ("-o 'ProxyCommand ssh -W %h:%p bastion'", [("ProxyCommand", "ssh -W %h:%p bastion")]),
        ("-J bastion -C -4", [("ProxyJump", "bastion"), ("Compression", "yes"), ("AddressFamily", "inet")]),
        ("-p 2222 -i ~/.ssh/key", [("Port", "2222"), ("IdentityFile", "~/.ssh/key")]),
    ],
)
def test_arguments_of_ssh_become_options(arguments, pairs):
    assert options_of(arguments) == pairs


def _as_ssh_reads(text: str, folder: Path) -> dict[str, str]:
    file = folder / "ssh_config"
    file.write_text(text, encoding="utf-8")
    result = subprocess.run(["ssh", "-G", "-F", str(file), "vps-1"], capture_output=True, text=True, check=True)
    return dict(line.partition(" ")[::2] for line in result.stdout.splitlines())


def test_ssh_reads_the_same_settings(tmp_path):
    found = _as_ssh_reads(ssh_config("vps-1", SETTINGS), tmp_path)
    assert found["hostname"] == "192.0.2.7"
    assert (found["port"], found["user"]) == ("2201", "deploy")
    assert found["identityfile"] == "/keys/id with space"
    assert found["controlmaster"] == "auto"
    assert found["controlpersist"] == "300"
    assert found["userknownhostsfile"] == "/inventory/known_hosts"
    assert found["proxyjump"] == "bastion.example.com"


def test_host_keys_are_checked_whatever_the_arguments_say(tmp_path):
    found = _as_ssh_reads(ssh_config("vps-1", SETTINGS), tmp_path)
    assert found["stricthostkeychecking"] in ("true", "yes")


def test_the_inventory_s_known_hosts_count_where_no_argument_names_some(tmp_path):
    settings = SETTINGS | {"arguments": []}
    found = _as_ssh_reads(ssh_config("vps-1", settings, tmp_path / "known_hosts"), tmp_path)
    assert found["userknownhostsfile"] == str(tmp_path / "known_hosts")


def test_no_percent_h_stands_in_the_configuration():
    """testinfra fills the options of its ssh command in by `%`, and `%h` ends it with an error."""
    assert "%h" not in ssh_config("vps-1", SETTINGS)
