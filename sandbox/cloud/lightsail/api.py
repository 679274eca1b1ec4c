"""Lightsail's API (version 2016-11-28): who may call, and which operation a call is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cloud.fleet import Fleet
from sandbox.cloud.lightsail import catalogue, protocol
from sandbox.cloud.lightsail.instances import Instances
from sandbox.cloud.lightsail.operations import ACCOUNT, Operations, page
from sandbox.cloud.lightsail.ports import Ports
from sandbox.cloud.lightsail.resources import Resources
from sandbox.cloud.store import Store
from sandbox.cloud.web import Answer, Call, Refusal

READS = ("Get", "Is")
# So many that every listing of them is one page.
CATALOGUE_PAGE = 100


class Lightsail:
    """The API of one account, all regions at one address: a call's signature names its region."""

    name = "lightsail"

    def __init__(self, store: Store, fleet: Fleet, secrets: Mapping[str, str]) -> None:
        self.store, self.secrets = store, secrets
        operations = Operations(store, fleet)
        instances = Instances(store, fleet, operations)
        parts = (operations, instances, Ports(instances), Resources(instances))
        self._handlers: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = self._catalogue()
        for part in parts:
            self._handlers |= part.handlers()

    def operation(self, call: Call) -> str:
        return protocol.operation_name(call)

    def is_read(self, call: Call) -> bool:
        return self.operation(call).startswith(READS)

    def creates_server(self, call: Call) -> bool:
        return self.operation(call) == "CreateInstances"

    def admit(self, call: Call) -> dict[str, str]:
        region = protocol.region_of(call, self.secrets)
        if region not in catalogue.REGIONS:
            raise Refusal(protocol.error("UnrecognizedClientException", f"Lightsail is not in the region {region}"))
        return {}

    def handle(self, call: Call) -> Answer:
        operation, asked = protocol.arguments(call)
        handler = self._handlers.get(operation.name)
        if handler is None:
            message = f"the sandbox does not serve {operation.name}"
            raise Refusal(protocol.error("UnknownOperationException", message))
        with self.store.lock:
            return protocol.answer(operation, handler(protocol.region_of(call, self.secrets), asked))

    def forget_limits(self) -> None:
        """The service publishes no limits."""

    def failure(self, status: int, retry_after: int | None) -> Answer:
        kinds = {429: "ThrottlingException", 503: "ServiceUnavailable"}
        kind = kinds.get(status, "ServiceException")
        answer = protocol.error(kind, "Rate exceeded" if status == 429 else "An internal error has occurred")
        if retry_after is not None:
            answer.headers["Retry-After"] = str(retry_after)
        return answer

    def refusal(self, kind: str, call: Call) -> Answer:
        name = self.operation(call)
        if kind == "rights":
            message = f"User: arn:aws:iam::{ACCOUNT}:user/sandbox is not authorized to perform: lightsail:{name} on "
            message += f"resource: * because no identity-based policy allows the lightsail:{name} action"
            return protocol.error("AccessDeniedException", message)
        if kind == "quota":
            message = "Sorry, you've reached your maximum limit of Lightsail Instances."
            return protocol.error("InvalidInputException", message)
        message = "There is not enough capacity in this Availability Zone for the instance"
        return protocol.error("OperationFailureException", message)

    def _catalogue(self) -> dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]]:
        def regions(_: str, asked: dict[str, Any]) -> dict[str, Any]:
            return {"regions": catalogue.regions(asked.get("includeAvailabilityZones", False))}

        def bundles(region: str, asked: dict[str, Any]) -> dict[str, Any]:
            return page(asked, "bundles", catalogue.bundles(region), CATALOGUE_PAGE)

        def blueprints(_: str, asked: dict[str, Any]) -> dict[str, Any]:
            return page(asked, "blueprints", catalogue.blueprints(), CATALOGUE_PAGE)

        return {"GetRegions": regions, "GetBundles": bundles, "GetBlueprints": blueprints}
