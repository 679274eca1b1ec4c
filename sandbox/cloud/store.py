"""What the clouds remember: tables of documents, numbers given out, all of it kept in one file."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class Store:
    """Tables of documents by their identity (text). Hold `lock` while reading and writing them."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`: the file that outlives a restart; None keeps all of it in memory."""
        self.lock = threading.RLock()
        self._path = path
        self._data: dict[str, Any] = {"format": 1, "numbers": {}, "tables": {}}
        if path is not None and path.exists():
            self._data = json.loads(path.read_text())

    def table(self, name: str) -> dict[str, Document]:
        """The documents of one kind, e.g. `digitalocean.droplets`, in the order in which they were made."""
        return self._data["tables"].setdefault(name, {})

    def number(self, name: str, first: int) -> int:
        """The next number of a series that begins at `first`; none is given out twice."""
        with self.lock:
            given = self._data["numbers"].get(name, first)
            self._data["numbers"][name] = given + 1
            return given

    def clear(self, keep: tuple[str, ...]) -> None:
        """Empty all tables but those of `keep`; numbers go on."""
        for name, table in self._data["tables"].items():
            if name not in keep:
                table.clear()

    def save(self) -> None:
        """Write everything to the file."""
        if self._path is None:
            return
        with self.lock:
            draft = self._path.with_suffix(".draft")
            draft.write_text(json.dumps(self._data))
            draft.replace(self._path)


def identity() -> str:
    """A new identity (UUID)."""
    return str(uuid.uuid4())


def timestamp(seconds: float | None = None, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """A moment (default: now) in UTC, as the APIs write it."""
    return datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC).strftime(form)
