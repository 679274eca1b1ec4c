"""The access log: one JSON document a call or event, in memory for tests and on the output for people."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.cloud.store import timestamp

if TYPE_CHECKING:
    from sandbox.cloud.web import Answer, Call

KEPT = 5_000


def _print(line: str) -> None:
    print(line, flush=True)


class Journal:
    """What was asked and answered, and what became of servers. Credentials are not written."""

    def __init__(self, output: Callable[[str], None] = _print) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []
        self._output = output

    def call(
        self, provider: str, operation: str, call: Call, answer: Answer, started: float, faults: list[str]
    ) -> None:
        """Note a call and its answer."""
        self._add(
            {
                "time": timestamp(started, "%Y-%m-%dT%H:%M:%S.%fZ"),
                "event": "call",
                "provider": provider,
                "operation": operation,
                "method": call.method,
                "path": call.path,
                "query": dict(call.query),
                "agent": call.headers.get("user-agent", ""),
                "request": _document(call.body),
                "status": answer.status,
                "answer": answer.body,
                "answered": not answer.reset,
                "faults": faults,
                "milliseconds": round((time.time() - started) * 1000),
            }
        )

    def event(self, event: str, **about: Any) -> None:
        """Note what became of a server: `made`, `started`, `failed`, `removed`."""
        self._add({"time": timestamp(form="%Y-%m-%dT%H:%M:%S.%fZ"), "event": event, **about})

    def _add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._entries.append(entry)
            del self._entries[:-KEPT]
        about = {name: value for name, value in entry.items() if name not in ("request", "answer", "query", "agent")}
        self._output(json.dumps(about))

    def entries(self) -> list[dict[str, Any]]:
        """All entries, the oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._entries.clear()


def _document(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
