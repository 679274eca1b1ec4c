"""Which TCP and UDP ports of an address answer; nothing but Python's standard library, so that it runs on any machine.

TCP ports are connected to (connect(2)): open, closed (refused) or filtered (no answer). A UDP port is sent what its
usual service answers: open (an answer), closed (ICMP port unreachable), or silent, as a firewall and a socket may be.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

OPEN, CLOSED, FILTERED, SILENT = "open", "closed", "filtered", "silent"
ALL_TCP = range(1, 65536)
LEAST_SECONDS, MOST_SECONDS = 0.3, 2.0
TRIES = 2
LAST_USUAL = 10000
CONCURRENCY = 1000
_REFUSED = (errno.ECONNREFUSED, errno.ECONNRESET)
_NO_ROUTE = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# The kernel's own limits were met: the port is asked again a little later.
_BUSY = (errno.EAGAIN, errno.EMFILE, errno.ENOBUFS, errno.EADDRINUSE)

# RFC 9000, section 17.2: an Initial of a version that nobody has, padded to 1200 bytes, is answered with the versions
# that the server has (section 6.1).
_QUIC = b"\xc0\x1a\x2a\x3a\x4a" + b"\x08" + b"slipway!" + b"\x08" + b"outside?" + b"\x00" + b"\x44\xd0"
# Common UDP services and what they answer: DNS (RFC 1035: version.bind), TFTP, NTP (RFC 5905), NetBIOS, SNMP v1 get,
# IKE, SSDP, mDNS, memcached, and those that answer an empty datagram or none at all.
UDP_PAYLOADS: dict[int, bytes] = {
    53: b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03",
    69: b"\x00\x01slipway\x00octet\x00",
    123: b"\xe3" + bytes(47),
    137: b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00 CK" + b"A" * 30 + b"\x00\x00\x21\x00\x01",
    161: bytes.fromhex("302602010004067075626c6963a019020101020100020100300e300c06082b060102010101000500"),
    443: _QUIC + bytes(1200 - len(_QUIC)),
    500: bytes.fromhex("0011223344556677") + bytes(8) + bytes.fromhex("21202208000000000000001c"),
    1900: b'M-SEARCH * HTTP/1.1\r\nHOST:239.255.255.250:1900\r\nMAN:"ssdp:discover"\r\nMX:1\r\nST:ssdp:all\r\n\r\n',
    5353: b"\x00\x00\x00\x00\x00\x01" + bytes(6) + b"\x09_services\x07_dns-sd\x04_udp\x05local\x00\x00\x0c\x00\x01",
    11211: b"\x00\x00\x00\x00\x00\x01\x00\x00stats\r\n",
}
COMMON_UDP = (
    *(7, 19, 53, 67, 68, 69, 111, 123, 137, 138, 161, 443, 500, 514, 520, 631, 1194, 1434, 1701, 1812, 1900, 2049),
    *(3478, 4500, 4789, 5060, 5353, 5355, 7946, 10000, 11211, 19132, 33434, 41641, 51820),
)


class NoRoute(Exception):
    """This machine has no way to the address, as without IPv6."""


@dataclass
class Scan:
    """What came of an address; `counts` of each state, the open ones by number."""

    address: str
    tcp: list[int] = field(default_factory=list)
    udp: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def scan(
    address: str,
    tcp: Iterable[int] = ALL_TCP,
    udp: Iterable[int] = COMMON_UDP,
    seconds: float = 0,
    concurrency: int = CONCURRENCY,
) -> Scan:
    """Scans an address. `seconds`: how long an answer is waited for; 0: by the time that one takes. Raises NoRoute."""
    begun = time.monotonic()
    patience = seconds or patience_for(address)
    states = tcp_states(address, list(tcp), patience, concurrency)
    answers = udp_states(address, list(udp), patience)
    counts = Counter(f"tcp {state}" for state in states.values()) + Counter(f"udp {s}" for s in answers.values())
    return Scan(
        address,
        tcp=sorted(port for port, state in states.items() if state == OPEN),
        udp=sorted(port for port, state in answers.items() if state == OPEN),
        counts=dict(counts),
        seconds=round(time.monotonic() - begun, 1),
    )


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def patience_for(address: str, ports: Iterable[int] = (22, 443, 80)) -> float:
    """Five times of what a connection takes, within bounds. Raises NoRoute."""
    for port in ports:
        begun = time.monotonic()
        try:
            with socket.socket(_family(address), socket.SOCK_STREAM) as client:
                client.settimeout(MOST_SECONDS)
                client.connect((address, port))
        except OSError as error:
            if error.errno in _NO_ROUTE:
                raise NoRoute(f"{address}: {error.strerror}") from None
            if error.errno not in _REFUSED:
                continue
        return min(max(5 * (time.monotonic() - begun), LEAST_SECONDS), MOST_SECONDS)
    return MOST_SECONDS


def tcp_states(address: str, ports: list[int], seconds: float, concurrency: int) -> dict[int, str]:
    """The state of each port. A packet may have been lost: where services usually are, a silent port is asked again."""
    states = _connect_all(address, ports, seconds, concurrency)
    again = [port for port in ports if port <= LAST_USUAL and states[port] == FILTERED]
    return states | _connect_all(address, again, seconds, concurrency)


def _connect_all(address: str, ports: list[int], seconds: float, concurrency: int) -> dict[int, str]:
    """Connects to all ports, `concurrency` at a time, and closes each connection at once."""
    states: dict[int, str] = {}
    waiting = list(reversed(ports))
    pending: dict[socket.socket, tuple[int, float]] = {}
    with selectors.DefaultSelector() as selector:
        while waiting or pending:
            while waiting and len(pending) < concurrency:
                port = waiting.pop()
                state = _begin(address, port, selector, pending, seconds)
                if state == "busy":
                    waiting.append(port)
                    break
                if state:
                    states[port] = state
            for key, _events in selector.select(0.02):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                port, _ = pending.pop(client)
                code = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                states[port] = OPEN if code == 0 else CLOSED if code in _REFUSED else FILTERED
                _end(client, selector)
            now = time.monotonic()
            for client in [client for client, (_port, until) in pending.items() if until < now]:
                states[pending.pop(client)[0]] = FILTERED
                _end(client, selector)
    return states


def _begin(
    address: str,
    port: int,
    selector: selectors.BaseSelector,
    pending: dict[socket.socket, tuple[int, float]],
    seconds: float,
) -> str:
    """Begins a connection; its state where that is known at once, `busy` where this machine has no more sockets."""
    try:
        client = socket.socket(_family(address), socket.SOCK_STREAM)
    except OSError as error:
        if error.errno in _BUSY and pending:
            return "busy"
        raise
    client.setblocking(False)
    # Reset instead of a wait for the peer: thousands of closed connections would keep their ports.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    code = client.connect_ex((address, port))
    if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        pending[client] = (port, time.monotonic() + seconds)
        selector.register(client, selectors.EVENT_WRITE)
        return ""
    client.close()
    if code in _BUSY and pending:
        return "busy"
    if code in _NO_ROUTE:
        raise NoRoute(f"{address}: {os.strerror(code)}")
    return OPEN if code == 0 else CLOSED if code in _REFUSED else FILTERED


def _end(client: socket.socket, selector: selectors.BaseSelector) -> None:
    selector.unregister(client)
    client.close()


def udp_states(address: str, ports: list[int], seconds: float) -> dict[int, str]:
    """The state of each UDP port, all asked at the same time, those that keep silent twice."""
    states = dict.fromkeys(ports, SILENT)
    for _try in range(TRIES):
        clients: dict[socket.socket, int] = {}
        with selectors.DefaultSelector() as selector:
            for port in [port for port, state in states.items() if state == SILENT]:
                client = socket.socket(_family(address), socket.SOCK_DGRAM)
                client.setblocking(False)
                try:
                    client.connect((address, port))
                    client.send(UDP_PAYLOADS.get(port, b"\r\n"))
                except OSError as error:
                    client.close()
                    if error.errno in _NO_ROUTE:
                        raise NoRoute(f"{address}: {error.strerror}") from None
                    continue
                clients[client] = port
                selector.register(client, selectors.EVENT_READ)
            until = time.monotonic() + max(seconds, 2 * LEAST_SECONDS)
            while clients and (left := until - time.monotonic()) > 0:
                for key, _events in selector.select(left):
                    client = key.fileobj
                    assert isinstance(client, socket.socket)
                    states[clients.pop(client)] = _answer(client)
                    _end(client, selector)
            for client in clients:
                _end(client, selector)
    return states


def _answer(client: socket.socket) -> str:
    try:
        client.recv(4096)
    except OSError as error:
        return CLOSED if error.errno == errno.ECONNREFUSED else SILENT
    return OPEN
