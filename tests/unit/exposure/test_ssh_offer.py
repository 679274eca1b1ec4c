"""The key exchange message of a server that is real where there is one, and what counts as weak."""

from __future__ import annotations

import socket
import struct
import threading

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.ssh_offer import Offer, read_algorithms, read_offer


def message(*lists: str) -> bytes:
    """A key exchange message (RFC 4253, section 7.1)."""
    payload = b"\x14" + bytes(16)
    for each in (*lists, "none", "none", "", ""):
        payload += struct.pack(">I", len(each)) + each.encode()
    return payload + bytes(5)


LISTS = (
    "curve25519-sha256,ext-info-s,kex-strict-s-v00@openssh.com",
    "ssh-ed25519",
    "aes256-gcm@openssh.com",
    "aes256-gcm@openssh.com,aes256-ctr",
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com,hmac-sha1",
)


def served(*parts: bytes) -> Offer:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            client, _ = server.accept()
            with client:
                client.recv(100)
                for part in parts:
                    client.sendall(part)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            return read_offer("127.0.0.1", server.getsockname()[1], 3)
        finally:
            thread.join()


def test_an_offer_is_read() -> None:
    payload = message(*LISTS)
    packet = struct.pack(">IB", len(payload) + 1 + 4, 4) + payload + bytes(4)
    offer = served(b"welcome\r\n", b"SSH-2.0-Test_1\r\n", packet)
    assert offer.version == "SSH-2.0-Test_1"
    assert offer.algorithms == {
        "key_exchange": ["curve25519-sha256"],
        "host_keys": ["ssh-ed25519"],
        "ciphers": ["aes256-gcm@openssh.com", "aes256-ctr"],
        "macs": ["hmac-sha2-256-etm@openssh.com", "hmac-sha1"],
    }
    assert offer.weak == ["hmac-sha1"]


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n", b"SSH-2.0-Test\r\n\0\0", b""])
def test_something_else_is_no_traceback(said: bytes) -> None:
    with pytest.raises((ValueError, OSError)):
        served(said)


def test_another_message() -> None:
    with pytest.raises(ValueError, match="something else"):
        read_algorithms(b"\x01")


@pytest.mark.parametrize(
    ("algorithm", "weak"),
    [
        ("mlkem768x25519-sha256", False),
        ("sntrup761x25519-sha512@openssh.com", False),
        ("diffie-hellman-group16-sha512", False),
        ("diffie-hellman-group14-sha1", True),
        ("diffie-hellman-group1-sha1", True),
        ("diffie-hellman-group-exchange-sha1", True),
        ("ecdh-sha2-nistp256", True),
        ("ssh-rsa", True),
        ("rsa-sha2-512", False),
        ("ssh-ed25519", False),
        ("aes128-cbc", True),
        ("aes256-ctr", False),
        ("chacha20-poly1305@openssh.com", False),
        ("hmac-sha2-256", True),
        ("hmac-sha2-512-etm@openssh.com", False),
        ("hmac-sha1-etm@openssh.com", True),
        ("umac-64-etm@openssh.com", True),
        ("umac-128-etm@openssh.com", False),
        ("none", True),
    ],
)
def test_what_is_weak(algorithm: str, weak: bool) -> None:
    assert bool(Offer("", {"all": [algorithm]}).weak) == weak
