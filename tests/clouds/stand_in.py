"""cloud.sandbox as tests see it beside the vendors' APIs: its log, its servers, and the faults that it is asked for."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import requests

from sandbox import authority

ADDRESS = "https://127.0.0.1:5445/_sandbox"
GONE_SECONDS = 60
ORDERS = {
    "digitalocean": r"POST /v2/droplets$",
    "linode": r"POST /v4/linode/instances$",
    "lightsail": r"CreateInstances$",
}
LISTINGS = {
    "digitalocean": "GET /v2/droplets",
    "linode": "GET /v4/linode/instances",
    "lightsail": "GetInstances",
}


@dataclass
class StandIn:
    """The stand-in of three clouds. `answer` asks one of its pages for tests."""

    def answer(self, method: str, page: str, **options: Any) -> requests.Response:
        found = requests.request(method, f"{ADDRESS}/{page}", verify=str(authority.CERTIFICATE), timeout=20, **options)
        found.raise_for_status()
        return found

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.answer("GET", "log").text.splitlines() if line]

    def made(self, name: str) -> int:
        """How many servers of this name were ever made."""
        return sum(1 for event in self.log() if event.get("event") == "made" and event.get("server") == name)

    def operations(self) -> list[str]:
        """All calls since the log was begun anew."""
        return [event["operation"] for event in self.log() if event.get("event") == "call"]

    def servers(self, *names: str) -> list[dict[str, Any]]:
        """The servers that there are now, of these names."""
        return [each for each in self.answer("GET", "servers").json()["servers"] if each["name"] in names]

    def wait_until_gone(self, *names: str) -> None:
        """A removal may go on for a moment when it is no longer listed. AssertionError when it does not end."""
        deadline = time.monotonic() + GONE_SECONDS
        while self.servers(*names):
            assert time.monotonic() < deadline, f"still there: {self.servers(*names)}"
            time.sleep(0.3)

    def begin_log(self) -> None:
        self.answer("DELETE", "log")

    def fault(self, kind: str, provider: str, operation: str = "", **more: Any) -> None:
        self.answer("POST", "faults", json={"kind": kind, "provider": provider, "operation": operation, **more})

    def forget_faults(self) -> None:
        self.answer("DELETE", "faults")
