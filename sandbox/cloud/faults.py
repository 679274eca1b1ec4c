"""Faults that a test asks for: which call of which vendor goes wrong, and how."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, fields
from typing import Any

KINDS = {
    # What happens to a call.
    "slow": "answered after `seconds`",
    "lost-request": "the connection is reset before anything is done",
    "lost-answer": "carried out, then the connection is reset",
    "status": "answered with `status` (and `retry_after` seconds) in the vendor's form, nothing is done",
    "rights": "a call that changes something is refused: the token has no right to",
    "quota": "a new server is refused: the account's limit is reached",
    "sold-out": "a new server is refused: the region has no room",
    # What becomes of a server that is being made.
    "error-state": "the server is never started and goes to the vendor's error state",
    "slow-start": "the server is started after `seconds`",
    "cloud-init": "a script of cloud-init fails on the server",
    "on-paper": "the server stands in the API alone: nothing is started (for many servers at once)",
}


@dataclass
class Fault:
    """A fault. It lets `skip` calls pass and then meets `times` of them (0: all), those that match.

    `operation` is a regular expression over the log's operation (`POST /v2/droplets`, `CreateInstances`).
    """

    kind: str
    provider: str = ""
    operation: str = ""
    skip: int = 0
    times: int = 1
    status: int = 500
    retry_after: int | None = None
    seconds: float = 1.0
    seen: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such kind of fault: {self.kind!r}; there are {', '.join(KINDS)}")
        re.compile(self.operation)

    def matches(self, provider: str, operation: str) -> bool:
        """Whether the fault is meant for a call."""
        return self.provider in ("", provider) and re.search(self.operation, operation) is not None

    def strikes(self) -> bool:
        """Count a call that matches; whether it is one that goes wrong."""
        self.seen += 1
        return self.seen > self.skip and (self.times == 0 or self.seen <= self.skip + self.times)


class Faults:
    """The faults that wait for their call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, described: dict[str, Any]) -> Fault:
        """Add a fault. ValueError that says what is wrong with the description."""
        known = {field.name for field in fields(Fault)} - {"seen"}
        if unknown := set(described) - known:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
        if "kind" not in described:
            raise ValueError("a fault has a kind")
        fault = Fault(**described)
        with self._lock:
            self._waiting.append(fault)
        return fault

    def take(self, kind: str, provider: str, operation: str = "") -> Fault | None:
        """The fault of that kind that meets this call; None if it is to go well."""
        with self._lock:
            struck = [
                fault
                for fault in self._waiting
                if fault.kind == kind and fault.matches(provider, operation) and fault.strikes()
            ]
        return struck[0] if struck else None

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The faults and how many calls each has seen."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting]
