"""Rows and jobs sent to courier all the time, and what became of each of them."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

HOST = "courier.sandbox"


def ask(address: str, path: str, data: dict[str, Any] | None = None, timeout: float = 15) -> dict[str, Any]:
    """The answer to one request. Raises OSError for any other status than 200."""
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        body = json.dumps(data) if data is not None else None
        connection.request("POST" if body else "GET", path, body, {"Host": HOST})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise OSError(f"{response.status} {text[:200]!r}")
        return json.loads(text)
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


@dataclass
class Sent:
    """What courier has said it has, and what failed (host address, error)."""

    rows: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    longest: float = 0.0


class Parcels:
    """Sends a row every `pace` seconds to each host and now and then a job of `shortest` to `longest` seconds."""

    def __init__(
        self,
        addresses: Sequence[str],
        pace: float = 0.2,
        shortest: float = 1,
        longest: float = 20,
        per_second: float = 0.5,
    ) -> None:
        self.addresses = list(addresses)
        self.pace, self.shortest, self.longest, self.per_second = pace, shortest, longest, per_second
        self.sent = Sent()
        self.prefix = f"{time.time_ns()}"
        self._numbers = itertools.count(1)
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(address,)) for address in self.addresses]
        self._random = random.Random(7)

    def __enter__(self) -> Parcels:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, address: str) -> None:
        next_job = time.monotonic()
        while not self._stop.wait(self.pace):
            self._send(address, "/rows", self.sent.rows)
            if time.monotonic() >= next_job:
                self._send(address, "/jobs", self.sent.jobs)
                next_job += len(self.addresses) / self.per_second

    def _send(self, address: str, path: str, into: list[str]) -> None:
        with self._guard:
            number = f"{self.prefix}-{next(self._numbers)}"
            seconds = round(self._random.uniform(self.shortest, self.longest), 1)
        try:
            ask(address, path, {"number": number, "seconds": seconds})
        except OSError as error:
            with self._guard:
                self.sent.failed.append((address, f"{path}: {error}"))
        else:
            with self._guard:
                into.append(number)


@dataclass(frozen=True)
class Counts:
    """What there is in the end of what was sent; `twice` were begun, or ended, more than once."""

    lost_rows: list[str]
    lost_jobs: list[str]
    twice: list[str]


def counts(address: str, sent: Sent) -> Counts:
    """Compares what was sent with what courier has."""
    found = ask(address, "/counts")
    rows = set(found["rows"])
    done, begun = found["done"], found["begun"]
    return Counts(
        [number for number in sent.rows if number not in rows],
        [number for number in sent.jobs if not done.get(number)],
        [number for number in sent.jobs if done.get(number, 0) > 1 or begun.get(number, 0) > 1],
    )


def wait_for_jobs(address: str, sent: Sent, seconds: float) -> Counts:
    """Waits until all jobs are done, at most so long.

    RQ gives a job whose worker has vanished to another one, but looks for such jobs every 15 minutes only (its
    registry_cleaning_key lives so long); here it looks at once.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = counts(address, sent)
        if not found.lost_jobs or time.monotonic() > deadline:
            return found
        ask(address, "/tidy", {"number": ""})
        time.sleep(1)
