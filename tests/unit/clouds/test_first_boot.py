"""What a server is given for its first boot."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml
from ansible_collections.slipway.vps.plugins.module_utils.first_boot import cloud_config, launch_script, make_host_key
from ansible_collections.slipway.vps.plugins.module_utils.public_key import parse_public_key

from tests.unit.clouds.keys import ED25519


def test_host_keys_differ_and_openssh_reads_them(tmp_path: Path) -> None:
    pair = make_host_key()
    assert make_host_key().public != pair.public
    (tmp_path / "key").write_text(pair.private)
    (tmp_path / "key").chmod(0o600)
    shown = subprocess.run(["ssh-keygen", "-y", "-f", tmp_path / "key"], capture_output=True, text=True, check=True)
    assert shown.stdout.split()[:2] == pair.public.split()


def test_cloud_config_carries_the_host_key_alone() -> None:
    pair = make_host_key()
    text = cloud_config(pair)
    assert text.startswith("#cloud-config\n")
    assert yaml.safe_load(text) == {
        "ssh_deletekeys": True,
        "ssh_genkeytypes": ["ed25519"],
        "ssh_keys": {"ed25519_private": pair.private, "ed25519_public": pair.public},
    }


def test_cloud_config_with_a_script() -> None:
    script = "apt-get update\necho 'it''s \"quoted\"'"
    assert yaml.safe_load(cloud_config(make_host_key(), script))["runcmd"] == [["/bin/sh", "-c", script]]


def test_the_launch_script_is_a_script(tmp_path: Path) -> None:
    pair = make_host_key()
    text = launch_script(pair, [ED25519], "admin", "echo more\n")
    assert text.startswith("#!/bin/sh\n") and pair.private in text and pair.public in text
    assert "/home/admin/.ssh/authorized_keys" in text and text.endswith("echo more\n")
    (tmp_path / "script").write_text(text)
    subprocess.run(["sh", "-n", tmp_path / "script"], check=True)


def test_fingerprints_are_openssh_s(tmp_path: Path) -> None:
    key = parse_public_key(ED25519)
    (tmp_path / "key.pub").write_text(ED25519)
    for option, mine in (("sha256", key.sha256), ("md5", f"MD5:{key.md5}")):
        command = ["ssh-keygen", "-l", "-E", option, "-f", tmp_path / "key.pub"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1] == mine
    assert key.line == ED25519
