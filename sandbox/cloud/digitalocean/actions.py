"""Actions: what was asked of a droplet, address or volume, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.cloud.digitalocean import answers, catalogue
from sandbox.cloud.fleet import Fleet
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store, timestamp
from sandbox.cloud.web import Answer, Call

STATUS = {"running": "in-progress", "done": "completed", "failed": "errored"}


class Actions:
    """The account's actions. Each follows a piece of the fleet's work; one without is done at once."""

    def __init__(self, store: Store, fleet: Fleet) -> None:
        self.store, self.fleet = store, fleet

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.actions")

    def routes(self) -> Routes:
        return {("GET", "/v2/actions"): self.listing, ("GET", "/v2/actions/<action>"): self.get}

    def begin(self, kind: str, work: str | None, resource: int | None, resource_type: str, region: str) -> Document:
        """Note an action of a type (`create`, `power_off`, …) on a resource."""
        action = {
            "id": self.store.number("digitalocean.actions", 36804636),
            "type": kind,
            "work": work,
            "begun": timestamp(),
            "resource_id": resource,
            "resource_type": resource_type,
            "region": region,
        }
        self.table[str(action["id"])] = action
        return action

    def running(self, action: Document) -> bool:
        """Whether an action is under way."""
        return bool(action["work"]) and self.fleet.work(action["work"])["state"] == "running"

    def view(self, action: Document) -> Document:
        """An action as the API shows it."""
        work = self.fleet.work(action["work"]) if action["work"] else None
        ended = timestamp(work["ended"]) if work and work["ended"] else None if work else action["begun"]
        return {
            "id": action["id"],
            "status": STATUS[work["state"]] if work else "completed",
            "type": action["type"],
            "started_at": action["begun"],
            "completed_at": ended,
            "resource_id": action["resource_id"],
            "resource_type": action["resource_type"],
            "region": catalogue.region(action["region"]),
            "region_slug": action["region"],
        }

    def of(self, resource_type: str, resource: int | None) -> list[Document]:
        """The actions on a resource, the newest first."""
        found = (
            action
            for action in self.table.values()
            if (action["resource_type"], action["resource_id"]) == (resource_type, resource)
        )
        return list(reversed(list(found)))

    def page(self, call: Call, actions: Iterable[Document]) -> Answer:
        """One page of a listing of actions."""
        return answers.page(call, "actions", [self.view(action) for action in actions])

    def one(self, call: Call, actions: Iterable[Document]) -> Answer:
        """The action that a call names, out of some. Refusal (404) if it is none of them."""
        for action in actions:
            if str(action["id"]) == call.arguments["action"]:
                return Answer(body={"action": self.view(action)})
        raise answers.not_found()

    def link(self, call: Call, action: Document, rel: str) -> Document:
        """A link to an action, as answers carry it."""
        return {
            "id": action["id"],
            "rel": rel,
            "href": f"{answers.base(call)}/v2/actions/{action['id']}",
        }

    def listing(self, call: Call) -> Answer:
        return self.page(call, reversed(list(self.table.values())))

    def get(self, call: Call) -> Answer:
        return self.one(call, self.table.values())
