"""Events: what happened on the account and how far it is."""

from __future__ import annotations

import time

from sandbox.cloud.fleet import Fleet
from sandbox.cloud.linode import answers
from sandbox.cloud.linode.profile import USER
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call

STATUS = {"running": "started", "done": "finished", "failed": "failed"}


class Events:
    """The account's events. Each follows a piece of the fleet's work; one without tells of what is done."""

    def __init__(self, store: Store, fleet: Fleet) -> None:
        self.store, self.fleet = store, fleet

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("linode.events")

    def routes(self) -> Routes:
        return {
            ("GET", "/v4/account/events"): self.listing,
            ("GET", "/v4/account/events/<event>"): self.get,
            ("POST", "/v4/account/events/<event>/seen"): self.seen,
        }

    def note(self, action: str, kind: str, identity: int, label: str, path: str, work: str | None = None) -> None:
        """Note an action (`linode_create`, …) on something."""
        number = self.store.number("linode.events", 1001)
        self.table[str(number)] = {
            "id": number,
            "action": action,
            "work": work,
            "begun": time.time(),
            "seen": False,
            "entity": {"id": identity, "label": label, "type": kind, "url": f"/v4/{path}/{identity}"},
        }

    def view(self, event: Document) -> Document:
        """An event as the API shows it."""
        work = self.fleet.work(event["work"]) if event["work"] else None
        status = STATUS[work["state"]] if work else "notification"
        ended = (work["ended"] or time.time()) if work else event["begun"]
        return {
            "id": event["id"],
            "action": event["action"],
            "created": answers.moment(event["begun"]),
            "duration": round(max(0.0, ended - event["begun"]), 2),
            "entity": event["entity"],
            "secondary_entity": None,
            "percent_complete": 100 if status in ("finished", "failed", "notification") else 50,
            "rate": None,
            "read": event["seen"],
            "seen": event["seen"],
            "status": status,
            "time_remaining": None,
            "username": USER,
            "message": "",
            "details": {},
        }

    def listing(self, call: Call) -> Answer:
        return answers.page(call, [self.view(event) for event in reversed(list(self.table.values()))])

    def get(self, call: Call) -> Answer:
        return Answer(body=self.view(self._known(call)))

    def seen(self, call: Call) -> Answer:
        self._known(call)["seen"] = True
        return Answer(body={})

    def _known(self, call: Call) -> Document:
        event = self.table.get(call.arguments["event"])
        if event is None:
            raise answers.not_found()
        return event
