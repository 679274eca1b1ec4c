"""Brings the servers of one provider about, side by side; what happened before a crash is found, not done again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import (
    FAILED,
    RUNNING,
    STOPPED,
    TAKEN,
    TEMPORARY,
    CloudError,
    CloudProvider,
    FoundServer,
    WantedServer,
    of_project,
)
from ansible_collections.slipway.vps.plugins.module_utils.cloud_plan import CloudPlan, settings_mark
from ansible_collections.slipway.vps.plugins.module_utils.first_boot import KeyPair, make_host_key
from ansible_collections.slipway.vps.plugins.module_utils.known_hosts import now
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_inventory import CloudInventory, Entry
from ansible_collections.slipway.vps.plugins.plugin_utils.first_contact import FirstBootError, FirstContact

# A new server may be missing in the listing for a moment; after so long it was never made.
LISTED_SECONDS = 30
RUNNING_SECONDS = 600
# A new server may be off for a moment before its first boot.
OFF_SECONDS = 30
ORDERS = 3
SIDE_BY_SIDE = 16


@dataclass
class Listing:
    """The provider's listing, shared by threads: whoever wants a newer one than there is asks for all of them."""

    provider: CloudProvider
    servers: list[FoundServer]
    taken: float = field(default_factory=time.monotonic)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def newer_than(self, moment: float) -> list[FoundServer]:
        with self.guard:
            if self.taken <= moment:
                begun = time.monotonic()
                self.servers = self.provider.servers()
                self.taken = begun
            return self.servers


@dataclass
class Outcome:
    """What became of a server. `error` is None for one that is ready."""

    name: str
    changed: bool = False
    found: FoundServer | None = None
    error: OperationError | None = None
    warning: str = ""


@dataclass
class Provisioner:
    """`user_data` makes a server's user data of its host key."""

    provider: CloudProvider
    plan: CloudPlan
    listing: Listing
    inventory: CloudInventory
    contact: FirstContact
    user_data: Callable[[WantedServer, KeyPair], str]
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    pause: float = 2.0

    def run(self, wanted: list[WantedServer]) -> list[Outcome]:
        """Brings these servers about; each that fails leaves the others alone."""
        busy = {server.name for server in (*self.plan.create, *self.plan.finish)}
        busy |= {*self.plan.resize, *self.plan.start}
        todo = [server for server in wanted if server.name in busy]
        outcomes = [self._unchanged(server) for server in wanted if server.name not in busy]
        if not todo:
            return outcomes
        try:
            self.provider.prepare(wanted)
        except OperationError as error:
            return outcomes + [Outcome(server.name, error=error) for server in todo]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return outcomes + list(pool.map(self._bring, todo))

    def _unchanged(self, wanted: WantedServer) -> Outcome:
        found = self.plan.found[wanted.name]
        entry = self.inventory.all_entries().get(wanted.name)
        kept = entry.record if entry else {}
        located = replace(found, public_address=kept.get("reserved_ip") or found.public_address)
        changed = self.inventory.record(wanted, located, self.provider.login_user(wanted.image))
        return Outcome(wanted.name, changed, found)

    def _bring(self, wanted: WantedServer) -> Outcome:
        outcome = Outcome(wanted.name)
        try:
            self._finish(wanted, outcome)
        except OperationError as error:
            outcome.error = error
        return outcome

    def _finish(self, wanted: WantedServer, outcome: Outcome) -> None:
        found = self._worth_keeping(wanted, self.plan.found.get(wanted.name))
        ordered = found is None
        if found is None:
            found = self._order(wanted)
            outcome.changed = True
        restarted = not ordered and found.state in (STOPPED, FAILED)
        if wanted.name in self.plan.resize:
            self.say(f"{wanted.name}: gets the size {wanted.size}; it restarts")
            self.provider.resize(found, wanted.size)
            outcome.changed, found, restarted = True, None, True
        outcome.found = found = self._running(wanted, found, ordered)
        user = self.provider.login_user(wanted.image)
        self.inventory.record(wanted, found, user)
        settled = self.provider.settle(wanted, found)
        for text in settled.done:
            self.say(f"{wanted.name}: {text}")
        outcome.found = found = replace(
            found,
            public_address=settled.address or found.public_address,
            private_address=settled.private_address or found.private_address,
        )
        self.inventory.record(wanted, found, user)
        entry = self.inventory.entries(wanted.provider)[wanted.name]
        mark = {"settings": settings_mark(wanted), "reserved_ip": settled.address, "first_boot": "done"}
        if entry.record.get("first_boot") != "done":
            mark["first_boot"] = self._first_boot(wanted, found, user, outcome)
        elif restarted:
            outcome.changed = True
            self.contact.back(wanted.name, found.public_address, self.inventory.users(entry)[0])
        self._mount(wanted, found, entry, outcome)
        outcome.changed |= self.inventory.record(wanted, found, user, **mark) or bool(settled.done)
        self.say(f"{wanted.name}: ready, {found.public_address}")

    def _mount(self, wanted: WantedServer, found: FoundServer, entry: Entry, outcome: Outcome) -> None:
        for number, volume in enumerate(wanted.volumes):
            device = self.provider.device(wanted.volume_label(volume), number)
            users = self.inventory.users(entry)
            outcome.changed |= self.contact.mount(wanted.name, found.public_address, users, device, volume.place)

    def _first_boot(self, wanted: WantedServer, found: FoundServer, user: str, outcome: Outcome) -> str:
        """Waits for it. One that ended badly is told once, with its log; the next run takes the server as it is."""
        record = self.inventory.entries(wanted.provider)[wanted.name].record
        try:
            self.contact.wait(wanted.name, found.public_address, user)
        except FirstBootError as error:
            if record.get("first_boot") != "failed":
                self.inventory.record(wanted, found, user, first_boot="failed")
                raise OperationError(f"{error.message}; repair it and run again, or destroy it", error.log) from None
            outcome.warning = f"{wanted.name}: {error.message.partition(': ')[2]}; taken as it is"
        return "done"

    # --- ordering ---

    def _worth_keeping(self, wanted: WantedServer, found: FoundServer | None) -> FoundServer | None:
        """The server that is there; None when its creation failed in an earlier run: such a one never ran, and goes."""
        entry = self.inventory.entries(wanted.provider).get(wanted.name)
        if found is None or found.state == RUNNING or entry:
            return found
        reason = self.provider.failed_creation(found.id)
        if not reason:
            return found
        self.say(f"{wanted.name}: never ran ({wanted.provider} {found.id}: {reason}); removing it, ordering it anew")
        self.provider.remove(found, self.plan.project)
        self._gone(found)
        self.inventory.unplant(wanted.name)
        return None

    def _order(self, wanted: WantedServer) -> FoundServer:
        """Orders a server, unless an earlier run has done so a moment ago without hearing of it."""
        earlier = self._ordered_before(wanted)
        if earlier:
            return earlier
        pair = make_host_key()
        self.inventory.plant(wanted.name, pair.public)
        in_doubt = False
        for attempt in range(ORDERS):
            begun = time.monotonic()
            try:
                number = self.provider.create(wanted, self.user_data(wanted, pair))
            except CloudError as error:
                in_doubt = in_doubt or error.kind == TEMPORARY
                if error.kind in (TEMPORARY, TAKEN):
                    self.say(f"{wanted.name}: {error.message}; looking whether it was made")
                    found = self._listed(wanted, LISTED_SECONDS, begun)
                    if found:
                        return found
                if error.kind != TEMPORARY or attempt == ORDERS - 1:
                    if not in_doubt:
                        self.inventory.unplant(wanted.name)
                    raise
            else:
                self.say(f"{wanted.name}: ordered ({wanted.provider} {number})")
                found = self._listed(wanted, RUNNING_SECONDS, begun)
                if found:
                    return found
                raise OperationError(f"{wanted.name}: was ordered ({number}), and {wanted.provider} does not list it")
        raise AssertionError("the last attempt returns or raises")

    def _ordered_before(self, wanted: WantedServer) -> FoundServer | None:
        """A server that a run ordered which ended before it knew: known_hosts has its key, without an address."""
        for key in self.inventory.known_hosts.keys(wanted.name):
            left = (key.since + timedelta(seconds=LISTED_SECONDS) - now()).total_seconds()
            if key.planted and not key.addresses and left > 0:
                self.say(f"{wanted.name}: a run that was cut off may have ordered it; looking for {left:.0f} s")
                return self._listed(wanted, left, time.monotonic())
        return None

    def _listed(self, wanted: WantedServer, seconds: float, since: float) -> FoundServer | None:
        """The server, as soon as a listing that was begun after `since` has it. Raises OperationError for two."""
        deadline = time.monotonic() + seconds
        while True:
            own = [each for each in self.listing.newer_than(since) if wanted.tag in each.tags]
            if len(own) > 1:
                which = ", ".join(each.id for each in own)
                raise OperationError(f"{wanted.name}: there are {len(own)} servers with its tag ({which}): remove one")
            if own:
                return own[0]
            if time.monotonic() >= deadline:
                return None
            self.sleep(self.pause)
            since = time.monotonic()

    def _running(self, wanted: WantedServer, found: FoundServer | None, ordered: bool) -> FoundServer:
        """Waits until the server runs and has an address; one that was found turned off is turned on."""
        if found and found.state in (STOPPED, FAILED) and not ordered:
            self.say(f"{wanted.name}: is off; turning it on")
            self.provider.start(found)
            found = None
        begun = asked = time.monotonic()
        while True:
            if found and found.state == RUNNING and found.public_address:
                return found
            waited = time.monotonic() - begun
            off = found is not None and found.state in (STOPPED, FAILED)
            if found and (off or time.monotonic() - asked > 5):
                asked = time.monotonic()
                reason = self.provider.failed_creation(found.id)
                if reason or (off and waited > OFF_SECONDS) or waited > RUNNING_SECONDS:
                    said = reason or f"is {found.state} after {waited:.0f} s"
                    what = f"{wanted.name} ({wanted.provider} {found.id})"
                    raise OperationError(f"{what} did not come up: {said}; run again")
            self.sleep(self.pause)
            found = self._listed(wanted, RUNNING_SECONDS, time.monotonic())

    # --- away ---

    def remove(self, servers: list[FoundServer], names: dict[str, str]) -> list[Outcome]:
        """Removes servers; `names` has the inventory's name for each id."""

        def one(server: FoundServer) -> Outcome:
            name = names[server.id]
            try:
                for text in self.provider.remove(server, self.plan.project):
                    self.say(f"{name}: removed {text}")
                self._gone(server)
                self.inventory.forget(name)
            except OperationError as error:
                return Outcome(name, error=error)
            return Outcome(name, changed=True)

        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(one, servers))

    def remove_shared(self) -> list[str]:
        """Removes the firewall and the networks when none of the project's servers is left."""
        if of_project(self.listing.newer_than(time.monotonic()), self.plan.project):
            return []
        return self.provider.remove_shared(self.plan.project)

    def _gone(self, server: FoundServer) -> None:
        deadline = time.monotonic() + RUNNING_SECONDS
        while any(each.id == server.id for each in self.listing.newer_than(time.monotonic())):
            if time.monotonic() >= deadline:
                raise OperationError(f"{server.name}: {server.provider} still lists it ({server.id}); run again later")
            self.sleep(self.pause)
