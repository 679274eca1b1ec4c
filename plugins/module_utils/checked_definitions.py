"""Remembers on the controller which definitions were found to be right: the validator takes long to load, and most runs
check what an earlier one has checked.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

# Past this size (some thousand definitions) the memory starts anew.
LIMIT_BYTES = 256 * 1024


class CheckedDefinitions:
    """Hashes of right definitions, one a line. `rules` names what they were checked by: other rules, other hashes."""

    def __init__(self, file: Path, rules: str) -> None:
        self._file = file
        self._rules = rules

    def __contains__(self, definition: Any) -> bool:
        return self._line(definition) in self._lines

    def add(self, definition: Any) -> None:
        """Notes a definition; one that cannot be noted, as in a home that is read-only, is checked again next time."""
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            full = self._file.exists() and self._file.stat().st_size > LIMIT_BYTES
            with self._file.open("w" if full else "a", encoding="ascii") as lines:
                lines.write(self._line(definition) + "\n")
        except OSError:
            pass

    @property
    def _lines(self) -> set[str]:
        try:
            return set(self._file.read_text(encoding="ascii", errors="replace").split())
        except OSError:
            return set()

    def _line(self, definition: Any) -> str:
        # repr tells the text "1" from the number 1, in keys too.
        return hashlib.sha256(f"{self._rules}\n{definition!r}".encode()).hexdigest()


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """Slipway's folder for what may be lost at any time (XDG Base Directory Specification)."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"
    except RuntimeError:  # no home
        return Path("/nonexistent")
