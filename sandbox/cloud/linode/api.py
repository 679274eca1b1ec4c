"""Linode's API v4 (techdocs.akamai.com/linode-api): who may call, how often, and where a call goes."""

from __future__ import annotations

import dataclasses
import hmac

from sandbox.cloud.fleet import Fleet
from sandbox.cloud.limits import State, Window
from sandbox.cloud.linode import answers, catalogue
from sandbox.cloud.linode.addresses import Addresses
from sandbox.cloud.linode.events import Events
from sandbox.cloud.linode.firewalls import Firewalls
from sandbox.cloud.linode.instance_actions import InstanceActions
from sandbox.cloud.linode.instances import Instances
from sandbox.cloud.linode.interfaces import Interfaces
from sandbox.cloud.linode.profile import Profile
from sandbox.cloud.linode.volumes import Volumes
from sandbox.cloud.linode.vpcs import Vpcs
from sandbox.cloud.router import Router, Routes
from sandbox.cloud.store import Store
from sandbox.cloud.web import READS, Answer, Call, Refusal

CREATE = ("POST", "/v4/linode/instances")
# What may be seen without a token.
PUBLIC = ("/v4/regions", "/v4/linode/types", "/v4/images", "/v4/volumes/types")


class Linode:
    """The API of one account."""

    name = "linode"

    def __init__(self, store: Store, fleet: Fleet, token: str) -> None:
        self.store, self.token = store, token
        self._limits = {
            "create": Window(20, 15),
            "volumes": Window(100, 60),
            "images": Window(20, 60),
            "listing": Window(200, 60),
            "other": Window(1600, 60),
        }
        profile, events, vpcs = Profile(store), Events(store, fleet), Vpcs(store)
        firewalls, volumes = Firewalls(store, profile, events), Volumes(store, profile, events)
        addresses, interfaces = Addresses(store, fleet), Interfaces(store, fleet, vpcs)
        instances = Instances(store, fleet, profile, events, firewalls, volumes, addresses, interfaces)
        parts = (profile, events, vpcs, firewalls, volumes, addresses, instances, InstanceActions(instances))
        self._router = Router([self._catalogue(), *(part.routes() for part in parts)])

    def operation(self, call: Call) -> str:
        return f"{call.method} {call.path}"

    def is_read(self, call: Call) -> bool:
        return call.method in READS

    def creates_server(self, call: Call) -> bool:
        return (call.method, _stable(call.path)) == CREATE

    def admit(self, call: Call) -> dict[str, str]:
        state = self._count(call)
        headers = {
            "X-RateLimit-Limit": str(state.limit),
            "X-RateLimit-Remaining": str(state.remaining),
            "X-RateLimit-Reset": str(state.reset),
        }
        if state.retry_after:
            answer = self.failure(429, state.retry_after)
            answer.headers |= headers
            raise Refusal(answer)
        given = call.headers.get("authorization", "")
        if not given and call.method == "GET" and _stable(call.path).startswith(PUBLIC):
            return headers
        scheme, _, token = given.partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self.token.encode()):
            answer = answers.error(401, "Invalid Token")
            answer.headers |= headers
            raise Refusal(answer)
        return headers | {"X-OAuth-Scopes": "*", "X-Spec-Version": "4.213.0"}

    def _count(self, call: Call) -> State:
        path = _stable(call.path)
        if (call.method, path) == CREATE:
            kind = "create"
        elif (call.method, path) == ("POST", "/v4/volumes"):
            kind = "volumes"
        elif (call.method, path) == ("GET", "/v4/images"):
            kind = "images"
        else:
            # A listing's path does not end in an identity.
            kind = "listing" if call.method == "GET" and path.rpartition("/")[2].endswith("s") else "other"
        return self._limits[kind].count(call.headers.get("authorization", ""))

    def handle(self, call: Call) -> Answer:
        with self.store.lock:
            answer = self._router.handle(dataclasses.replace(call, path=_stable(call.path)))
        return answer or answers.not_found().answer

    def forget_limits(self) -> None:
        for window in self._limits.values():
            window.clear()

    def failure(self, status: int, retry_after: int | None) -> Answer:
        reasons = {429: "Too many requests", 502: "Bad Gateway", 503: "Service Unavailable"}
        answer = answers.error(status, reasons.get(status, "Internal Server Error"))
        if retry_after is not None:
            answer.headers["Retry-After"] = str(retry_after)
        return answer

    def refusal(self, kind: str, call: Call) -> Answer:
        if kind == "rights":
            answer = answers.error(401, "Your OAuth token is not authorized to use this endpoint.")
            scope = "linodes" if _stable(call.path).startswith("/v4/linode/") else call.path.split("/")[2]
            answer.headers |= {"X-OAuth-Scopes": "linodes:read_only", "X-Accepted-OAuth-Scopes": f"{scope}:read_write"}
            return answer
        if kind == "quota":
            return answers.error(400, "Account Limit reached. Please open a support ticket.")
        return answers.error(400, "This region is currently out of capacity for the selected plan", "region")

    def _catalogue(self) -> Routes:
        def one(found: object) -> Answer:
            if found is None:
                raise answers.not_found()
            return Answer(body=found)

        def regions(call: Call) -> Answer:
            return answers.page(call, [catalogue.region(name) for name in catalogue.REGIONS])

        def region(call: Call) -> Answer:
            name = call.arguments["region"]
            return one(catalogue.region(name) if name in catalogue.REGIONS else None)

        def availability(call: Call) -> Answer:
            wanted = call.arguments.get("region")
            found = [
                {"region": name, "plan": kind["id"], "available": True}
                for name in catalogue.REGIONS
                for kind in catalogue.kinds()
                if wanted in (None, name)
            ]
            return answers.page(call, found) if wanted is None else Answer(body=found)

        def kinds(call: Call) -> Answer:
            return answers.page(call, catalogue.kinds())

        def kind(call: Call) -> Answer:
            found = [kind for kind in catalogue.kinds() if kind["id"] == call.arguments["type"]]
            return one(found[0] if found else None)

        def images(call: Call) -> Answer:
            return answers.page(call, [catalogue.image(name) for name in catalogue.DEBIAN])

        def image(call: Call) -> Answer:
            name = call.arguments["image"]
            return one(catalogue.image(name) if name in catalogue.DEBIAN else None)

        return {
            ("GET", "/v4/regions"): regions,
            ("GET", "/v4/regions/availability"): availability,
            ("GET", "/v4/regions/<region>"): region,
            ("GET", "/v4/regions/<region>/availability"): availability,
            ("GET", "/v4/linode/types"): kinds,
            ("GET", "/v4/linode/types/<type>"): kind,
            ("GET", "/v4/images"): images,
            ("GET", "/v4/images/<path:image>"): image,
        }


def _stable(path: str) -> str:
    """The path in the stable version of the API: what is served here is the same in both."""
    return path.replace("/v4beta/", "/v4/", 1)
