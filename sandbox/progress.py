"""What the user sees: live lines in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

# Steps that take less than this leave no line: a warm run is short to read.
WORTH_A_LINE_SECONDS = 1.0


class Report:
    """Reports steps, which may run at once in several threads."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._lock = threading.Lock()
        self._progress: Progress | None = None

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Show running steps as live lines while the block runs, where there is a terminal."""
        if not self.console.is_terminal:
            yield
            return
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=self.console, transient=True) as progress:
            self._progress = progress
            try:
                yield
            finally:
                self._progress = None

    @contextlib.contextmanager
    def step(self, title: str, hint: str = "") -> Iterator[None]:
        """One step: announced where it takes long (`hint` says how long), and timed."""
        started = time.monotonic()
        described = f"{title} [dim]({hint})[/dim]" if hint else title
        task = self._progress.add_task(described, total=None) if self._progress else None
        if hint and task is None:
            self.say(f"{title} ({hint}) …")
        try:
            yield
        finally:
            if task is not None and self._progress:
                self._progress.remove_task(task)
        seconds = time.monotonic() - started
        if hint or seconds >= WORTH_A_LINE_SECONDS:
            self.say(f"{title}: {seconds:.1f} s")

    def say(self, line: str) -> None:
        """Print one line above the live ones."""
        with self._lock:
            (self._progress.console if self._progress else self.console).print(line, markup=False)
