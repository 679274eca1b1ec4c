"""Files that survive a crash: written beside, flushed, renamed over (see rename(2) and fsync(2))."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FORMAT = 1


class FormatError(Exception):
    """A state file was written by a newer Slipway."""


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, text: str, mode: int = 0o600) -> bool:
    """Writes `text`; a reader sees the old file or the new one, also after a power cut. Returns whether it differed."""
    if path.is_file() and path.read_text(encoding="utf-8") == text and (path.stat().st_mode & 0o777) == mode:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.fchmod(handle, mode)
        _write_all(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    temporary.replace(path)
    sync_folder(path.parent)
    return True


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def write_json(path: Path, value: dict[str, Any], mode: int = 0o600) -> bool:
    return write_atomically(path, json.dumps({"format": FORMAT, **value}, indent=2, ensure_ascii=False) + "\n", mode)


def check_format(value: dict[str, Any], path: Path) -> dict[str, Any]:
    """The value, if this Slipway can read it. Raises FormatError."""
    if int(value.get("format", 0)) > FORMAT:
        raise FormatError(
            f"{path} was written by a newer Slipway (format {value['format']}, this one knows {FORMAT}): update Slipway"
        )
    return value


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a state file, None when there is none."""
    try:
        return check_format(json.loads(path.read_text(encoding="utf-8")), path)
    except FileNotFoundError:
        return None


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Adds one JSON line and flushes it. A line cut off by a crash is closed first, so that it spoils nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        broken = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        line = json.dumps({"format": FORMAT, **value}, ensure_ascii=False) + "\n"
        os.write(handle, (("\n" if broken else "") + line).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a JSON-lines file, a cut-off one left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return parse_lines(text, path)


def parse_lines(text: str, path: Path) -> list[dict[str, Any]]:
    """The objects in JSON lines. splitlines() would also split at U+2028 and others, which JSON has inside texts."""
    result = []
    for line in text.split("\n"):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            result.append(check_format(value, path))
    return result
