"""SSH keys: one for people and Ansible, one for each server, and the known_hosts file that pins them."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from sandbox import names, paths


def ensure_user_key() -> str:
    """The public key that every server lets in as root; the pair is made on the first call."""
    return ensure_pair(paths.SSH_KEY, "slipway-sandbox")


def host_key(server: names.Server) -> tuple[bytes, bytes]:
    """Private and public host key of a server, the same through every reset."""
    private = paths.HOST_KEYS / server.name
    public = ensure_pair(private, server.name)
    return private.read_bytes(), f"{public}\n".encode()


def ensure_pair(private: Path, comment: str) -> str:
    """Make an ed25519 pair in OpenSSH's format unless it is there; returns the public key's line."""
    public = private.with_name(f"{private.name}.pub")
    if not private.exists() or not public.exists():
        key = ed25519.Ed25519PrivateKey.generate()
        line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        paths.write_private(public, line.decode() + f" {comment}\n", 0o644)
        paths.write_private(
            private,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            ),
        )
    # ssh refuses a key that others can read, as a checkout copied by hand may have it.
    if private.stat().st_mode & 0o077:
        private.chmod(0o600)
    return public.read_text().strip()


def known_hosts() -> str:
    """The known_hosts file: each server's key under every name by which it is reached."""
    lines = []
    for server in names.all_servers():
        algorithm, key = host_key(server)[1].decode().split()[:2]
        hosts = f"[{names.LOOPBACK}]:{server.ssh_port},[localhost]:{server.ssh_port},{server.address},{server.name}"
        lines.append(f"{hosts} {algorithm} {key}\n")
    return "".join(lines)


def ensure() -> None:
    """Make all keys and write known_hosts, before anyone connects."""
    ensure_user_key()
    wanted = known_hosts()
    if not paths.KNOWN_HOSTS.exists() or paths.KNOWN_HOSTS.read_text() != wanted:
        paths.write_private(paths.KNOWN_HOSTS, wanted, 0o644)


def ssh_command(server: names.Server, user: str = "root") -> list[str]:
    """The ssh call that opens a shell on a server, its host key checked."""
    return [
        "ssh",
        "-p",
        str(server.ssh_port),
        "-i",
        os.fspath(paths.SSH_KEY),
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        f"UserKnownHostsFile={paths.KNOWN_HOSTS}",
        "-o",
        "StrictHostKeyChecking=yes",
        f"{user}@{names.LOOPBACK}",
    ]
