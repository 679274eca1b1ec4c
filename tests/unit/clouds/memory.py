"""A provider in memory, for the rules that hold for all of them; its servers are listed late and come up by listing."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import (
    TAKEN,
    TEMPORARY,
    Catalogue,
    CloudError,
    CloudProvider,
    FoundServer,
    Settled,
    WantedServer,
)

from tests.unit.clouds.wishes import found


class MemoryCloud(CloudProvider):
    """`orders` are all that were carried out; `faults` happen to the next orders, one each: "" for none."""

    name = "digitalocean"

    def __init__(self) -> None:
        self.there: dict[str, FoundServer] = {}
        self.orders: list[str] = []
        self.user_data: list[str] = []
        self.removed: list[str] = []
        self.shared = 0
        self.listings = 0
        self.faults: list[str] = []
        self.hidden: dict[str, int] = {}
        self.dead: set[str] = set()

    def servers(self) -> list[FoundServer]:
        self.listings += 1
        shown = []
        for name, server in self.there.items():
            if self.hidden.get(name, 0) > 0:
                self.hidden[name] -= 1
                continue
            shown.append(server)
            if server.state == "creating" and name not in self.dead:
                self.there[name] = replace(server, state="running", public_address=f"203.0.113.{len(self.orders)}")
        return shown

    def catalogue(self) -> Catalogue:
        return Catalogue()

    def prepare(self, wanted: list[WantedServer]) -> None:
        self.shared += 1

    def create(self, wanted: WantedServer, user_data: str) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("500", "reset before"):
            raise CloudError(fault, TEMPORARY)
        if wanted.name in self.there:
            raise CloudError("name is taken", TAKEN)
        if fault == "refused":
            raise CloudError("droplet limit")
        self.orders.append(wanted.name)
        self.user_data.append(user_data)
        self.there[wanted.name] = found(
            wanted, id=f"{len(self.orders)}", state="creating", public_address="", public_ipv6=""
        )
        self.hidden.setdefault(wanted.name, 1)
        if fault == "reset after":
            raise CloudError("connection reset", TEMPORARY)
        if fault == "killed":
            raise KeyboardInterrupt
        return str(len(self.orders))

    def start(self, server: FoundServer) -> None:
        self.there[server.name] = replace(server, state="running")

    def settle(self, wanted: WantedServer, server: FoundServer) -> Settled:
        return Settled()

    def resize(self, server: FoundServer, size: str) -> None:
        self.there[server.name] = replace(server, size=size)

    def device(self, label: str, number: int) -> str:
        return f"/dev/disk/by-id/{label}"

    def remove(self, server: FoundServer, project: str) -> list[str]:
        self.removed.append(server.id)
        self.there.pop(server.name, None)
        return [f"server {server.name}"]

    def remove_shared(self, project: str) -> list[str]:
        return ["firewall"]

    def failed_creation(self, server_id: str) -> str:
        return (
            "its creation failed" if any(self.there[name].id == server_id for name in self.dead & {*self.there}) else ""
        )
