"""The three clouds together: what they remember, their servers, their APIs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.cloud.digitalocean.api import DigitalOcean
from sandbox.cloud.faults import Faults
from sandbox.cloud.fleet import MACHINES, Fleet, public_address, public_address_6
from sandbox.cloud.journal import Journal
from sandbox.cloud.lightsail.api import Lightsail
from sandbox.cloud.linode.api import Linode
from sandbox.cloud.machines import Machines
from sandbox.cloud.store import Store
from sandbox.cloud.web import Vendor


@dataclass
class Cloud:
    """All of cloud.sandbox."""

    store: Store
    journal: Journal
    faults: Faults
    fleet: Fleet
    vendors: Mapping[str, Vendor]

    @classmethod
    def make(
        cls, tokens: Mapping[str, Any], machines: Machines, path: Path | None = None, journal: Journal | None = None
    ) -> Cloud:
        """Put it together. `tokens`: credentials by vendor; `path`: the file that it remembers things in."""
        store, faults = Store(path), Faults()
        journal = journal or Journal()
        fleet = Fleet(store, machines, faults, journal)
        vendors: dict[str, Vendor] = {
            "digitalocean": DigitalOcean(store, fleet, tokens["digitalocean"]),
            "linode": Linode(store, fleet, tokens["linode"]),
            "lightsail": Lightsail(store, fleet, tokens["lightsail"]),
        }
        fleet.restore()
        return cls(store, journal, faults, fleet, vendors)

    def vendor_of(self, path: str) -> Vendor | None:
        """Whose API a path belongs to; None if it is nobody's."""
        if path.startswith("/v2/"):
            return self.vendors["digitalocean"]
        if path.startswith(("/v4/", "/v4beta/")):
            return self.vendors["linode"]
        return self.vendors["lightsail"] if path == "/" else None

    def servers(self) -> list[dict[str, Any]]:
        """The servers that there are, of all vendors."""
        with self.store.lock:
            return [
                {
                    **machine,
                    "address": public_address(machine["number"]),
                    "address_6": public_address_6(machine["number"]),
                }
                for machine in self.store.table(MACHINES).values()
            ]

    def forget(self) -> None:
        """Begin anew: no servers, nothing registered, no faults, no log, no calls counted."""
        self.faults.clear()
        with self.store.lock:
            removals = [self.fleet.destroy(machine["number"]) for machine in self.servers()]
        for removal in removals:
            self.fleet.wait(removal)
        with self.store.lock:
            self.store.clear(keep=(MACHINES,))
            self.store.save()
        for vendor in self.vendors.values():
            vendor.forget_limits()
        self.journal.clear()
