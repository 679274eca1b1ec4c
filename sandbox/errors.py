"""The one kind of error that a person is to read."""

from __future__ import annotations


class SandboxError(Exception):
    """What went wrong and what to do about it, in words; `__main__` prints it without a traceback."""
