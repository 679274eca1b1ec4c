"""What an SSH server offers before anyone has logged in: its key exchange message (RFC 4253, section 7.1)."""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass

BANNER = b"SSH-2.0-slipway\r\n"
_KEXINIT = 20
_LISTS = ("key_exchange", "host_keys", "ciphers_in", "ciphers_out", "macs_in", "macs_out")
# Not algorithms but signs of an extension (RFC 8308; OpenSSH's strict key exchange).
_SIGNS = re.compile(r"ext-info-.|kex-strict-.*")
# RFC 9142 (SHA-1, small groups), RFC 8758 (RC4), RFC 8332 (ssh-rsa: SHA-1); CBC, 64-bit tags, and MACs of the plain
# text instead of the encrypted one are what auditors warn of; so are NIST's curves.
_WEAK = re.compile(
    r"sha1\b|sha1-|ssh-rsa$|ssh-dss|group1-|group14-sha1|arcfour|3des|blowfish|cast128|-cbc|rijndael|md5|ripemd|umac-64"
    r"|^none$|nistp|^hmac-(?!.*etm)|^umac-(?!.*etm)|gss-"
)


@dataclass(frozen=True)
class Offer:
    """Algorithms by kind, in the server's order, and the server's version line."""

    version: str
    algorithms: dict[str, list[str]]

    @property
    def weak(self) -> list[str]:
        """Algorithms that are not to be offered any more."""
        names = [name for found in self.algorithms.values() for name in found]
        return list(dict.fromkeys(name for name in names if _WEAK.search(name)))


def read_offer(address: str, port: int, seconds: float) -> Offer:
    """Connects once and reads. Raises OSError, ValueError for something that does not speak SSH."""
    with socket.create_connection((address, port), timeout=seconds) as client, client.makefile("rb") as stream:
        client.sendall(BANNER)
        version = b""
        # Section 4.2: other lines may come first.
        for _line in range(20):
            version = stream.readline(256)
            if version.startswith(b"SSH-") or not version:
                break
        if not version.startswith(b"SSH-"):
            raise ValueError("what answers there does not speak SSH")
        length, padding = struct.unpack(">IB", _exactly(stream.read(5), 5))
        payload = _exactly(stream.read(length - 1), length - 1)[: length - padding - 1]
    return Offer(version.decode(errors="replace").strip(), read_algorithms(payload))


def _exactly(data: bytes, count: int) -> bytes:
    if len(data) != count:
        raise ValueError("the server ended the connection before its offer was whole")
    return data


def read_algorithms(payload: bytes) -> dict[str, list[str]]:
    """The name lists of a key exchange message; both directions as one. Raises ValueError."""
    if not payload or payload[0] != _KEXINIT:
        raise ValueError("the server sent something else than its offer")
    found: dict[str, list[str]] = {}
    position = 17
    for name in _LISTS:
        (length,) = struct.unpack_from(">I", payload, position)
        text = payload[position + 4 : position + 4 + length].decode("ascii", errors="replace")
        position += 4 + length
        kind = name.partition("_in")[0].partition("_out")[0]
        found.setdefault(kind, [])
        found[kind] += [each for each in text.split(",") if each not in found[kind] and not _SIGNS.fullmatch(each)]
    return found
