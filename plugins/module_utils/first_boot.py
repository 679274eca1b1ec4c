"""What a server is given for its first boot: its host key, by cloud-config or, on Lightsail, by a shell script.

cloud-config: https://docs.cloud-init.io/en/latest/reference/modules.html (SSH: ssh_keys, ssh_deletekeys).
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"


@dataclass(frozen=True)
class KeyPair:
    """An SSH host key: OpenSSH's private form and the public line without a comment."""

    private: str
    public: str


def make_host_key() -> KeyPair:
    """A new Ed25519 key pair. Its private half is in memory alone."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return KeyPair(private.decode(), public.decode())


def cloud_config(pair: KeyPair, launch_script: str = "") -> str:
    """User data for cloud-init. It is written as JSON, which is YAML as well: no quoting can go wrong."""
    data: dict[str, object] = {
        "ssh_deletekeys": True,
        "ssh_genkeytypes": ["ed25519"],
        "ssh_keys": {"ed25519_private": pair.private, "ed25519_public": pair.public},
    }
    if launch_script:
        data["runcmd"] = [["/bin/sh", "-c", launch_script]]
    return "#cloud-config\n" + json.dumps(data, indent=1) + "\n"


def launch_script(pair: KeyPair, authorized_keys: list[str], user: str, more: str = "") -> str:
    """User data for Lightsail, which runs it as root at the end of the first boot, after its own first lines.

    The other host keys go, so that no client is offered one that nobody knows. Lightsail takes one SSH key by itself;
    the further ones are added here.
    """
    lines = [
        "#!/bin/sh",
        "set -eu",
        "umask 077",
        f"rm -f {HOST_KEY.replace('ed25519', '*')} {HOST_KEY.replace('ed25519', '*')}.pub",
        f"printf '%s' {shlex.quote(pair.private)} > {HOST_KEY}",
        f"printf '%s\\n' {shlex.quote(pair.public)} > {HOST_KEY}.pub",
        f"chmod 0644 {HOST_KEY}.pub",
        "systemctl restart ssh.service 2>/dev/null || systemctl restart sshd.service",
    ]
    for key in authorized_keys:
        quoted, file = shlex.quote(key), f"/home/{user}/.ssh/authorized_keys"
        lines.append(f"grep -qxF {quoted} {file} || printf '%s\\n' {quoted} >> {file}")
    if more:
        lines.append(f"umask 022\n{more.rstrip()}")
    return "\n".join(lines) + "\n"
