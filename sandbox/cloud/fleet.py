"""The clouds' servers: numbers and addresses given out, and the work on servers, done in the background."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sandbox import names
from sandbox.cloud.faults import Faults
from sandbox.cloud.journal import Journal
from sandbox.cloud.machines import Machines
from sandbox.cloud.seed import Disk, Seed
from sandbox.cloud.store import Document, Store

AT_ONCE = 8
# A new server is not listed at first, as with clouds whose listings lag behind.
LISTED_AFTER_SECONDS = 1.0
MACHINES, WORK = "machines", "work"
# Those that stand on paper alone have numbers above this.
PAPER = 1000


class NoRoomError(Exception):
    """All the addresses that the sandbox has for such a thing are in use."""


def public_address(number: int) -> str:
    """The public IPv4 address of a server; one on paper has one that is meant for documentation (RFC 5737)."""
    return f"203.0.113.{number - PAPER}" if number > PAPER else names.CloudServer(number).address


def public_address_6(number: int) -> str:
    """The public IPv6 address of a server; one on paper has one that is meant for documentation (RFC 3849)."""
    return f"2001:db8::{number - PAPER}" if number > PAPER else names.ipv6(names.CloudServer(number).address)


class Fleet:
    """Servers of all vendors. A machine is making, running, off or failed; work on it is running, done or failed."""

    def __init__(self, store: Store, machines: Machines, faults: Faults, journal: Journal) -> None:
        self.store, self.machines, self.faults, self.journal = store, machines, faults, journal
        self._workers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fleet")
        self._order: dict[int, threading.Lock] = {}

    def restore(self) -> None:
        """Go on after a restart: what was under way has failed, servers that ran are switched on again."""
        for work in self.store.table(WORK).values():
            if work["state"] == "running":
                work.update(state="failed", ended=time.time())
        for machine in list(self.store.table(MACHINES).values()):
            if machine["state"] == "making":
                machine["state"] = "failed"
            elif machine["state"] == "running":
                self.power_on(machine["number"])

    def create(self, provider: str, seed: Seed, debian: str, private: Sequence[str] = ()) -> Document:
        """Begin to make a server; its document, with number, addresses and the `work` that makes it.

        NoRoomError if the sandbox has no address left.
        """
        paper = self.faults.take("on-paper", provider) is not None
        dead = self.faults.take("error-state", provider) is not None
        slow = self.faults.take("slow-start", provider)
        fails = self.faults.take("cloud-init", provider) is not None
        seed = Seed(seed.instance, seed.hostname, seed.user_data, seed.keys, seed.login, fails)
        with self.store.lock:
            number = self._free_number(paper)
            machine = {
                "number": number,
                "provider": provider,
                "name": seed.hostname,
                "state": "making",
                "made": time.time(),
                "paper": paper,
                "addresses": list(private),
            }
            self.store.table(MACHINES)[str(number)] = machine
        self.journal.event("made", provider=provider, server=seed.hostname, number=number)

        def make() -> None:
            if slow:
                time.sleep(slow.seconds)
            if dead:
                raise RuntimeError("a test asked for a server that fails")
            if not paper:
                self.machines.start(number, debian, seed, machine["addresses"])

        machine["work"] = self._begin(number, "create", make, "running")
        return machine

    def machine(self, number: int) -> Document:
        """The document of a machine. KeyError if there is none."""
        return self.store.table(MACHINES)[str(number)]

    def listed(self, number: int) -> bool:
        """Whether a machine has been there long enough to be listed."""
        return time.time() - self.machine(number)["made"] >= LISTED_AFTER_SECONDS

    def work(self, identity: str) -> Document:
        """The state of some work: `state`, `begun`, `ended` (None while it runs)."""
        return self.store.table(WORK)[identity]

    def destroy(self, number: int) -> str:
        """Begin to remove a server; the work. Its number and addresses are free afterwards."""
        machine = self.machine(number)

        def remove() -> None:
            if not machine["paper"]:
                self.machines.remove(number)
            with self.store.lock:
                self.store.table(MACHINES).pop(str(number), None)
            self.journal.event("removed", provider=machine["provider"], server=machine["name"], number=number)

        return self._begin(number, "destroy", remove, None)

    def power_off(self, number: int, at_once: bool) -> str:
        """Begin to switch a server off; the work."""
        return self._begin(number, "off", lambda: self.machines.stop(number, at_once), "off")

    def power_on(self, number: int) -> str:
        """Begin to switch a server on; the work."""
        return self._begin(number, "on", lambda: self.machines.resume(number), "running")

    def reboot(self, number: int, at_once: bool = False, between: Callable[[], None] = lambda: None) -> str:
        """Begin to switch a server off and on again, with something to do in between; the work."""

        def again() -> None:
            self.machines.stop(number, at_once)
            between()
            self.machines.resume(number)

        return self._begin(number, "reboot", again, "running")

    def pause(self, number: int, seconds: float = 0.5, then: Callable[[], None] = lambda: None) -> str:
        """Work that takes time and changes nothing on the server (a resize, a rename), and its end; the work."""

        def work() -> None:
            time.sleep(seconds)
            then()

        return self._begin(number, "pause", work, None, machines=False)

    def set_addresses(self, number: int, addresses: Sequence[str]) -> str:
        """Begin to give a server these further addresses; the work."""
        machine = self.machine(number)
        machine["addresses"] = list(addresses)
        return self._begin(number, "addresses", lambda: self.machines.set_addresses(number, addresses), None)

    def set_disks(self, number: int, disks: Sequence[Disk]) -> str:
        """Begin to give a server these volumes; the work."""
        return self._begin(number, "disks", lambda: self.machines.set_disks(number, disks), None)

    def reserve_address(self, taken: set[str]) -> str:
        """An address of the sandbox's network that stays while servers come and go. NoRoomError if none is left."""
        for number in names.RESERVED_NUMBERS:
            address = f"{names.PREFIX}.{number}"
            if address not in taken:
                return address
        raise NoRoomError

    def private_address(self, network: str, provider: str) -> str:
        """A free address, with its prefix, of a private network of a provider's."""
        wanted = ipaddress.ip_network(network)
        taken = {
            address.partition("/")[0]
            for machine in self.store.table(MACHINES).values()
            if machine["provider"] == provider
            for address in machine["addresses"]
        }
        for host in wanted.hosts():
            # The first is the network's own.
            if host != wanted.network_address + 1 and str(host) not in taken:
                return f"{host}/{wanted.prefixlen}"
        raise NoRoomError

    def _free_number(self, paper: bool) -> int:
        taken = set(self.store.table(MACHINES))
        numbers = range(PAPER + 1, PAPER + 255) if paper else range(1, names.LAST_CLOUD_SERVER + 1)
        for number in numbers:
            if str(number) not in taken:
                return number
        raise NoRoomError

    def _begin(self, number: int, kind: str, work: Callable[[], None], then: str | None, machines: bool = True) -> str:
        machine = self.machine(number)
        with self.store.lock:
            identity = str(self.store.number("work", 1))
            about: Document = {"kind": kind, "state": "running", "begun": time.time(), "ended": None}
            self.store.table(WORK)[identity] = about
            order = self._order.setdefault(number, threading.Lock())

        def run() -> None:
            try:
                with order:
                    if not (machines and machine["paper"] and kind not in ("create", "destroy")):
                        work()
                ended = "done"
            # Whatever the engine says, the caller's answer is the work's state.
            except Exception as error:
                ended = "failed"
                self.journal.event(
                    "failed", provider=machine["provider"], server=machine["name"], work=kind, error=str(error)
                )
            with self.store.lock:
                if ended == "failed" and kind in ("create", "on", "reboot"):
                    machine["state"] = "failed" if kind == "create" else "off"
                elif ended == "done" and then:
                    machine["state"] = then
                about.update(state=ended, ended=time.time())
                self.store.save()
            if ended == "done" and kind == "create":
                self.journal.event("started", provider=machine["provider"], server=machine["name"], number=number)

        self._workers.submit(run)
        return identity

    def wait(self, identity: str) -> None:
        """Wait until some work has ended."""
        while self.work(identity)["state"] == "running":
            time.sleep(0.02)

    def close(self) -> None:
        """Wait until all work is done."""
        self._workers.shutdown()
