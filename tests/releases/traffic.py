"""The constant load that a release must not be noticed by: run by locust, one JSON line for each answer.

Settings come from the environment, as a locust file has no arguments of its own: TRAFFIC_FILE (where the lines go),
TRAFFIC_TARGETS (addresses, with commas), TRAFFIC_HOST (the Host header), TRAFFIC_PACE (seconds between the requests of
one reader). Each user keeps its connection open; nothing is tried twice.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, constant_pacing, task

FILE = Path(os.environ["TRAFFIC_FILE"]).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115 - until locust ends
TARGETS = itertools.cycle(os.environ["TRAFFIC_TARGETS"].split(","))
HOST = os.environ["TRAFFIC_HOST"]
PACE = float(os.environ.get("TRAFFIC_PACE", "0.1"))
SLOW_SECONDS = 3
BODY = bytes(range(256)) * 1024
DIGEST = hashlib.sha256(BODY).hexdigest()


class Visitor(FastHttpUser):
    """Common to all users: connections are kept, and each answer is checked and written down."""

    abstract = True
    max_retries = 0
    max_redirects = 0
    connection_timeout = 10.0
    network_timeout = 30.0

    def __init__(self, environment: Any) -> None:
        self.host = f"http://{next(TARGETS)}"
        super().__init__(environment)

    def ask(self, kind: str, path: str, body: bytes | None = None, expected: dict[str, Any] | None = None) -> None:
        """One request; a status other than 200, or another answer than expected, is a failure."""
        begun, clock = time.time(), time.perf_counter()
        method = "POST" if body else "GET"
        with self.client.request(
            method, path, data=body, headers={"Host": HOST}, catch_response=True, name=kind
        ) as response:
            milliseconds = (time.perf_counter() - clock) * 1000
            error, version = "", ""
            if response.status_code != 200:
                error = f"{response.status_code} {getattr(response, 'error', None) or ''}".strip()
            else:
                answer = response.json()
                version = str(answer.get("version"))
                wrong = {key: answer.get(key) for key, value in (expected or {}).items() if answer.get(key) != value}
                error = f"answered {wrong}" if wrong else ""
            response.failure(error) if error else response.success()
        line = {"at": begun, "ms": round(milliseconds, 2), "kind": kind, "target": self.host, "version": version}
        FILE.write(json.dumps(line | ({"error": error} if error else {})) + "\n")


class Reader(Visitor):
    fixed_count = int(os.environ.get("TRAFFIC_READERS", "12"))
    wait_time = constant_pacing(PACE)

    @task
    def read(self) -> None:
        self.ask("page", "/")


class Waiter(Visitor):
    fixed_count = int(os.environ.get("TRAFFIC_WAITERS", "3"))
    wait_time = constant(0)

    @task
    def wait_for_it(self) -> None:
        self.ask("slow", f"/slow?seconds={SLOW_SECONDS}", expected={"seconds": float(SLOW_SECONDS)})


class Uploader(Visitor):
    fixed_count = int(os.environ.get("TRAFFIC_UPLOADERS", "3"))
    wait_time = constant(0)

    @task
    def upload(self) -> None:
        expected = {"bytes": len(BODY), "sha256": DIGEST}
        self.ask("upload", f"/upload?seconds={SLOW_SECONDS}", BODY, expected)
