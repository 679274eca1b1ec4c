"""What the commands print: tables, and lines with the host in front where there are several."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

_turn = threading.Lock()


def write(line: str) -> None:
    """Prints one whole line, also while other threads print. A reader that has gone (`| head`) ends the command."""
    with _turn:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their widest cell. A column that is empty throughout is left out."""
    texts = [[str(cell) for cell in row] for row in rows]
    kept = [number for number in range(len(headers)) if any(row[number] for row in texts)]
    lines = [[headers[number] for number in kept], *([row[number] for number in kept] for row in texts)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(kept))]
    for line in lines:
        write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_size(count: float) -> str:
    """A size for a person: `12 MB`, `3.4 GB` (1000 a step, as Docker shows sizes)."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB", "MB") else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
