"""DigitalOcean's API v2 (github.com/digitalocean/openapi): who may call, how often, and where a call goes."""

from __future__ import annotations

import hmac

from sandbox.cloud.digitalocean import answers, catalogue
from sandbox.cloud.digitalocean.actions import Actions
from sandbox.cloud.digitalocean.droplets import Droplets
from sandbox.cloud.digitalocean.firewalls import Firewalls
from sandbox.cloud.digitalocean.keys import Keys
from sandbox.cloud.digitalocean.networks import Networks
from sandbox.cloud.digitalocean.reserved import ReservedAddresses
from sandbox.cloud.digitalocean.tags import Tags
from sandbox.cloud.digitalocean.volumes import Volumes
from sandbox.cloud.fleet import Fleet
from sandbox.cloud.limits import Window
from sandbox.cloud.router import Router, Routes
from sandbox.cloud.store import Store
from sandbox.cloud.web import READS, Answer, Call, Refusal

HOURLY, BURST, KEY_LISTINGS = 5000, 250, 10
KEYS_PATH = "/v2/account/keys"


class DigitalOcean:
    """The API of one account."""

    name = "digitalocean"

    def __init__(self, store: Store, fleet: Fleet, token: str) -> None:
        self.store, self.token = store, token
        self._hour, self._minute, self._keys = Window(HOURLY, 3600), Window(BURST, 60), Window(KEY_LISTINGS, 60)
        actions = Actions(store, fleet)
        keys, tags, volumes = Keys(store), Tags(store), Volumes(store, actions)
        networks = Networks(store)
        droplets = Droplets(store, fleet, actions, keys, tags, volumes, networks)
        reserved = ReservedAddresses(store, fleet, actions, droplets)
        firewalls = Firewalls(store, droplets, tags)
        parts = (keys, tags, volumes, networks, droplets, reserved, firewalls, actions)
        self._router = Router([self._catalogue(), *(part.routes() for part in parts)])

    def operation(self, call: Call) -> str:
        return f"{call.method} {call.path}"

    def is_read(self, call: Call) -> bool:
        return call.method in READS

    def creates_server(self, call: Call) -> bool:
        return (call.method, call.path) == ("POST", "/v2/droplets")

    def admit(self, call: Call) -> dict[str, str]:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self.token.encode()):
            raise Refusal(answers.error(401, "unauthorized", "Unable to authenticate you."))
        hour, minute = self._hour.count(token), self._minute.count(token)
        states = [hour, minute]
        if (call.method, call.path) == ("GET", KEYS_PATH):
            states.append(self._keys.count(token))
        refused = [state for state in states if state.retry_after]
        headers = {
            "ratelimit-limit": str(HOURLY),
            "ratelimit-remaining": str(0 if refused else hour.remaining),
            "ratelimit-reset": str(hour.reset),
        }
        if refused:
            answer = self.failure(429, max(state.retry_after or 0 for state in refused))
            answer.headers |= headers
            raise Refusal(answer)
        return headers

    def handle(self, call: Call) -> Answer:
        with self.store.lock:
            answer = self._router.handle(call)
        return answer or answers.not_found().answer

    def forget_limits(self) -> None:
        for window in (self._hour, self._minute, self._keys):
            window.clear()

    def failure(self, status: int, retry_after: int | None) -> Answer:
        if status == 429:
            answer = answers.error(429, "too_many_requests", "API rate limit exceeded.")
        else:
            short = {502: "bad_gateway", 503: "service_unavailable"}.get(status, "server_error")
            answer = answers.error(status, short, "Unexpected server-side error")
        if retry_after is not None:
            answer.headers["retry-after"] = str(retry_after)
        return answer

    def refusal(self, kind: str, call: Call) -> Answer:
        if kind == "rights":
            return answers.error(403, "forbidden", "You do not have permission to perform this action.")
        if kind == "quota":
            limit = "creating this/these droplet(s) will exceed your droplet limit"
            return answers.error(422, "unprocessable_entity", limit)
        return answers.error(422, "unprocessable_entity", "Region is not available")

    def _catalogue(self) -> Routes:
        def account(_: Call) -> Answer:
            return Answer(
                body={
                    "account": {
                        "droplet_limit": 100,
                        "floating_ip_limit": 25,
                        "email": "owner@cloud.sandbox",
                        "name": "Sandbox",
                        "uuid": "5a1df00d5a1df00d5a1df00d5a1df00d5a1df00d",
                        "email_verified": True,
                        "status": "active",
                        "status_message": "",
                        "team": {"uuid": "7ea3f00d7ea3f00d7ea3f00d7ea3f00d7ea3f00d", "name": "Sandbox"},
                    }
                }
            )

        def regions(call: Call) -> Answer:
            return answers.page(call, "regions", [catalogue.region(slug) for slug in catalogue.REGIONS])

        def sizes(call: Call) -> Answer:
            return answers.page(call, "sizes", catalogue.sizes())

        def images(call: Call) -> Answer:
            # All images here are public ones of a distribution.
            none = call.query.get("private") == "true" or call.query.get("type") == "application"
            found = [] if none or call.query.get("tag_name") else [catalogue.image(slug) for slug in catalogue.DEBIAN]
            return answers.page(call, "images", found)

        def image(call: Call) -> Answer:
            slug = catalogue.image_slug(call.arguments["image"])
            if slug is None:
                raise answers.not_found()
            return Answer(body={"image": catalogue.image(slug)})

        return {
            ("GET", "/v2/account"): account,
            ("GET", "/v2/regions"): regions,
            ("GET", "/v2/sizes"): sizes,
            ("GET", "/v2/images"): images,
            ("GET", "/v2/images/<image>"): image,
        }
