"""Names of the clouds' servers: `<server>.cloud.sandbox` and all below it, as a customer's own DNS has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from dnslib import AAAA, QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from sandbox import names
from sandbox.cloud.fleet import public_address, public_address_6

LIFETIME_SECONDS = 1


class Resolver(BaseResolver):
    """Answers from the servers that there are at the moment."""

    def __init__(self, servers: Callable[[], Iterable[dict[str, Any]]]) -> None:
        self._servers = servers

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        """The answer to a question."""
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        numbers = self.numbers(name)
        if not numbers and name != names.CLOUD:
            reply.header.rcode = RCODE.NXDOMAIN
        kind = QTYPE[request.q.qtype]
        found = [(public_address(number), public_address_6(number)) for number in numbers]
        if name == names.CLOUD:
            found = [(names.CLOUD_ADDRESS, names.ipv6(names.CLOUD_ADDRESS))]
        for address, address_6 in found:
            data = {"A": A(address), "AAAA": AAAA(address_6)}.get(kind)
            if data:
                reply.add_answer(RR(request.q.qname, request.q.qtype, ttl=LIFETIME_SECONDS, rdata=data))
        return reply

    def numbers(self, name: str) -> list[int]:
        """The servers that a name belongs to."""
        zone = f".{names.CLOUD}"
        if not name.endswith(zone):
            return []
        asked = name.removesuffix(zone)
        return [
            server["number"]
            for server in self._servers()
            if asked == server["name"].lower() or asked.endswith(f".{server['name'].lower()}")
        ]


def start(servers: Callable[[], Iterable[dict[str, Any]]]) -> None:
    """Answer on UDP port 53 from now on, in a thread of its own."""
    DNSServer(Resolver(servers), address="0.0.0.0", port=53).start_thread()
