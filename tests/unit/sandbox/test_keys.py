"""SSH keys and known_hosts, read back by paramiko."""

from __future__ import annotations

import paramiko

from sandbox import keys, names, paths


def test_known_hosts_pins_every_server_under_each_of_its_names() -> None:
    keys.ensure()
    known = paramiko.HostKeys(str(paths.KNOWN_HOSTS))
    for server in names.all_servers():
        public = keys.host_key(server)[1].decode().split()[1]
        for name in (f"[127.0.0.1]:{server.ssh_port}", server.address, server.name):
            assert known.lookup(name)["ssh-ed25519"].get_base64() == public


def test_keys_stay_the_same() -> None:
    keys.ensure()
    before = paths.KNOWN_HOSTS.read_text(), keys.ensure_user_key()
    keys.ensure()
    assert (paths.KNOWN_HOSTS.read_text(), keys.ensure_user_key()) == before


def test_a_private_key_fits_its_public_key_and_is_closed_again() -> None:
    public = keys.ensure_user_key()
    paths.SSH_KEY.chmod(0o644)
    keys.ensure_user_key()
    assert paths.SSH_KEY.stat().st_mode & 0o777 == 0o600
    assert paramiko.Ed25519Key.from_private_key_file(str(paths.SSH_KEY)).get_base64() == public.split()[1]


def test_ssh_checks_the_host_key() -> None:
    command = keys.ssh_command(names.server("vps-2"))
    assert "StrictHostKeyChecking=yes" in command
    assert command[-1] == "root@127.0.0.1" and "2202" in command
    assert keys.ssh_command(names.server("vps-2"), "slipway")[-1] == "slipway@127.0.0.1"
