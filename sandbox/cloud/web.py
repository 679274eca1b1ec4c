"""What the three APIs have in common: calls, answers, and the way of a call through log, faults, limits and rights."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.cloud.faults import Fault, Faults
from sandbox.cloud.journal import Journal
from sandbox.cloud.store import Store

READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Call:
    """A request. `headers` have lower-case names; `arguments` are the parts of the path that vary."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    arguments: Mapping[str, str] = field(default_factory=dict)
    query_string: str = ""

    def json(self) -> Any:
        """The body as JSON; {} where there is none. ValueError if it is no JSON."""
        return json.loads(self.body) if self.body else {}


@dataclass
class Answer:
    """A response: `body` None is an empty one, anything else goes out as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False


class Refusal(Exception):
    """An answer that says no, raised from anywhere in a handler."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


Handler = Callable[[Call], Answer]


class Vendor(Protocol):
    """What one vendor's API adds to the common way of a call."""

    name: str

    def operation(self, call: Call) -> str:
        """What a call asks for, as faults and the log name it."""

    def is_read(self, call: Call) -> bool:
        """Whether a call changes nothing."""

    def creates_server(self, call: Call) -> bool:
        """Whether a call asks for a new server."""

    def admit(self, call: Call) -> dict[str, str]:
        """Check limits and credentials; headers for the answer. Refusal if the call may not go on."""

    def handle(self, call: Call) -> Answer:
        """Carry out a call that was let in. Refusal where it cannot be."""

    def forget_limits(self) -> None:
        """Begin to count calls anew."""

    def failure(self, status: int, retry_after: int | None) -> Answer:
        """The vendor's form of 429 and 5xx."""

    def refusal(self, kind: str, call: Call) -> Answer:
        """The vendor's words for a token without rights, a quota reached, a region sold out."""


@dataclass
class Gate:
    """Takes every call of every vendor through the same steps."""

    store: Store
    journal: Journal
    faults: Faults

    def pass_through(self, vendor: Vendor, call: Call) -> Answer:
        """Answer a call; what became of it stands in the log."""
        started = time.time()
        taken: list[str] = []
        try:
            answer = self._answer(vendor, call, taken)
        except Refusal as refusal:
            answer = refusal.answer
        except Exception as error:
            # A fault of the stand-in's own: it is answered, and the log says what it was.
            self.journal.event("bug", operation=vendor.operation(call), error=traceback.format_exc())
            answer = vendor.failure(500, None)
            taken.append(type(error).__name__)
        if not vendor.is_read(call):
            self.store.save()
        self.journal.call(vendor.name, vendor.operation(call), call, answer, started, taken)
        return answer

    def _answer(self, vendor: Vendor, call: Call, taken: list[str]) -> Answer:
        def fault(kind: str, applies: bool = True) -> Fault | None:
            found = self.faults.take(kind, vendor.name, vendor.operation(call)) if applies else None
            if found:
                taken.append(kind)
            return found

        if slow := fault("slow"):
            time.sleep(slow.seconds)
        if fault("lost-request"):
            return Answer(0, reset=True)
        if failure := fault("status"):
            return vendor.failure(failure.status, failure.retry_after)
        headers = vendor.admit(call)
        for kind, applies in (
            ("rights", not vendor.is_read(call)),
            ("quota", vendor.creates_server(call)),
            ("sold-out", vendor.creates_server(call)),
        ):
            if fault(kind, applies):
                answer = vendor.refusal(kind, call)
                answer.headers |= headers
                return answer
        try:
            answer = vendor.handle(call)
        except Refusal as refusal:
            answer = refusal.answer
        answer.headers |= headers
        answer.reset = fault("lost-answer") is not None
        return answer
