"""Rate limits: so many calls in so many seconds, each call counted until its time is over."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """How a caller stands: calls left, when the oldest one no longer counts (Unix time), seconds to wait."""

    limit: int
    remaining: int
    reset: int
    retry_after: int | None


class Window:
    """A sliding window a caller."""

    def __init__(self, limit: int, seconds: int) -> None:
        self.limit, self.seconds = limit, seconds
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def count(self, caller: str) -> State:
        """Count a call; `retry_after` is set if it is one too many, and then it does not count."""
        now = time.time()
        with self._lock:
            calls = self._calls[caller]
            while calls and calls[0] <= now - self.seconds:
                calls.popleft()
            refused = len(calls) >= self.limit
            if not refused:
                calls.append(now)
            oldest = calls[0] if calls else now
            wait = max(1, math.ceil(oldest + self.seconds - now)) if refused else None
            return State(self.limit, self.limit - len(calls), math.ceil(oldest + self.seconds), wait)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
