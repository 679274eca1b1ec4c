"""The scanner against real sockets of this machine."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.slipway.vps.plugins.module_utils import port_scan
from ansible_collections.slipway.vps.plugins.module_utils.port_scan import NoRoute, scan

ADDRESSES = pytest.mark.parametrize("address", ["127.0.0.1", "::1"])


@contextmanager
def listening(address: str, count: int) -> Iterator[list[int]]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    servers = [socket.create_server((address, 0), family=family) for _ in range(count)]
    try:
        yield sorted(server.getsockname()[1] for server in servers)
    finally:
        for server in servers:
            server.close()


@contextmanager
def answering(address: str) -> Iterator[int]:
    """A UDP service that answers whatever it is sent."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 0))

        def run() -> None:
            try:
                while True:
                    data, sender = server.recvfrom(4096)
                    if data == b"end":
                        return
                    server.sendto(b"here", sender)
            except OSError:
                return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        with socket.socket(server.family, socket.SOCK_DGRAM) as client:
            client.sendto(b"end", server.getsockname())
        thread.join()


@ADDRESSES
def test_every_open_port_is_found_and_no_other(address: str) -> None:
    with listening(address, 5) as ports:
        wanted = {*range(20000, 24000), *ports}
        found = scan(address, wanted, [], concurrency=200)
        assert set(ports) <= set(found.tcp)
        for port in set(found.tcp) - set(ports):
            # Something of this machine's own.
            socket.create_connection((address, port), timeout=2).close()
    assert found.counts["tcp closed"] == len(wanted) - len(found.tcp)


@ADDRESSES
def test_udp(address: str) -> None:
    silent = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    with answering(address) as port, silent:
        silent.bind((address, 0))
        quiet = silent.getsockname()[1]
        states = port_scan.udp_states(address, [port, quiet, 1], 0.3)
    assert states == {port: "open", quiet: "silent", 1: "closed"}


def test_few_sockets_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine has no more sockets the scan waits for some, and loses no port."""
    real, alive = socket.socket, [0]

    class Few(real):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: object) -> None:
            if alive[0] >= 20:
                raise OSError(errno.EMFILE, "Too many open files")
            alive[0] += 1
            super().__init__(*arguments)

        def close(self) -> None:
            alive[0] -= 1
            super().close()

    with listening("127.0.0.1", 1) as ports:
        monkeypatch.setattr(socket, "socket", Few)
        states = port_scan.tcp_states("127.0.0.1", [*range(20000, 20200), *ports], 0.5, 100)
    assert len(states) == 201 and states[ports[0]] == "open"


def test_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, place: errno.ENETUNREACH)
    with pytest.raises(NoRoute, match="2001:db8::1"):
        port_scan.tcp_states("2001:db8::1", [80], 0.3, 10)


def test_datagrams_are_as_their_protocols_want_them() -> None:
    # RFC 9000, section 14.1: a first datagram of less than 1200 bytes is thrown away.
    assert len(port_scan.UDP_PAYLOADS[443]) == 1200
    assert set(port_scan.UDP_PAYLOADS) <= set(port_scan.COMMON_UDP)
