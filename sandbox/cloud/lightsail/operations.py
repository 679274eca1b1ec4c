"""Operations: what was asked of a resource, and how far it is; and what all resources have in common."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from typing import Any

from sandbox.cloud.fleet import Fleet
from sandbox.cloud.lightsail.protocol import invalid, not_found
from sandbox.cloud.store import Document, Store, identity

ACCOUNT = "123456789012"
STATUS = {"running": "Started", "done": "Succeeded", "failed": "Failed"}
# Instances of one page, as no size can be asked for.
PAGE = 20


class Operations:
    """The account's operations. Each follows a piece of the fleet's work; one without is done at once."""

    def __init__(self, store: Store, fleet: Fleet) -> None:
        self.store, self.fleet = store, fleet

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("lightsail.operations")

    def note(
        self, region: str, kind: str, resource: Document, work: str | None = None, details: str = ""
    ) -> dict[str, Any]:
        """Note an operation (`CreateInstance`, …) on a resource; as the API shows it."""
        operation = {
            "id": identity(),
            "region": region,
            "kind": kind,
            "name": resource["name"],
            "resource_type": resource["resourceType"],
            "location": resource["location"],
            "work": work,
            "begun": time.time(),
            "details": details,
        }
        self.table[operation["id"]] = operation
        return self.view(operation)

    def view(self, operation: Document) -> dict[str, Any]:
        """An operation as the API shows it."""
        work = self.fleet.work(operation["work"]) if operation["work"] else None
        status = STATUS[work["state"]] if work else "Succeeded"
        changed = (work["ended"] if work else None) or operation["begun"]
        shown = {
            "id": operation["id"],
            "resourceName": operation["name"],
            "resourceType": operation["resource_type"],
            "createdAt": round(operation["begun"], 3),
            "location": operation["location"],
            "isTerminal": status != "Started",
            "operationDetails": operation["details"],
            "operationType": operation["kind"],
            "status": status,
            "statusChangedAt": round(changed, 3),
        }
        failure = {"errorCode": "ServiceError", "errorDetails": "The instance could not be started"}
        return shown | (failure if status == "Failed" else {})

    def handlers(self) -> dict[str, Any]:
        return {
            "GetOperation": self.get,
            "GetOperations": self.listing,
            "GetOperationsForResource": self.of_resource,
        }

    def get(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        operation = self.table.get(asked["operationId"])
        if operation is None or operation["region"] != region:
            raise not_found(f"Operation {asked['operationId']}")
        return {"operation": self.view(operation)}

    def listing(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        return self._page(asked, [found for found in self.table.values() if found["region"] == region])

    def of_resource(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["resourceName"]
        return self._page(
            asked, [found for found in self.table.values() if (found["region"], found["name"]) == (region, name)]
        )

    def _page(self, asked: dict[str, Any], found: Sequence[Document]) -> dict[str, Any]:
        return page(asked, "operations", [self.view(operation) for operation in reversed(found)])


def resource(region: str, name: str, kind: str, zone: str = "all") -> Document:
    """What every resource's document begins with."""
    number = identity()
    return {
        "name": name,
        "arn": f"arn:aws:lightsail:{region}:{ACCOUNT}:{kind}/{number}",
        "supportCode": f"{ACCOUNT}/{number.replace('-', '')[:17]}",
        "createdAt": round(time.time(), 3),
        "location": {"availabilityZone": zone, "regionName": region},
        "resourceType": kind,
    }


def page(asked: dict[str, Any], root: str, items: Sequence[Any], size: int = PAGE) -> dict[str, Any]:
    """One page of a listing, and the token of the next one where there is one. Refusal if the token is none."""
    begin = 0
    if token := asked.get("pageToken"):
        try:
            begin = int(base64.b64decode(token, validate=True))
        except ValueError:
            raise invalid("The page token is not valid") from None
    shown: dict[str, Any] = {root: list(items[begin : begin + size])}
    if begin + size < len(items):
        shown["nextPageToken"] = base64.b64encode(str(begin + size).encode()).decode()
    return shown
