"""Durations as Compose writes them (`30s`, `1h30m`, `500ms`; its specification, "Specifying durations")."""

from __future__ import annotations

import re

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")


def parse_duration(text: str | int | float) -> float:
    """Seconds in a Compose duration. A bare number is seconds. Raises ValueError for anything else."""
    if isinstance(text, (int, float)) and not isinstance(text, bool) and 0 <= text < float("inf"):
        return float(text)
    if not isinstance(text, str) or not text:
        raise ValueError(f"not a duration: {text!r}")
    position, seconds = 0, 0.0
    for match in _PART.finditer(text):
        if match.start() != position:
            break
        seconds += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    if position != len(text):
        raise ValueError(f"not a duration: {text!r}")
    return seconds


def parse_seconds(text: str | int | float) -> float:
    """The same for what a person types after -e, where each number arrives as text: `300` is 300 seconds."""
    try:
        return parse_duration(float(text))
    except ValueError:
        return parse_duration(text)


def show_duration(seconds: float) -> str:
    """A person's form of a number of seconds: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
