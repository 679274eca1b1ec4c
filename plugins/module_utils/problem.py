"""What is wrong with a user's input, in one line that names the file, the key, what was found and what was expected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake in a file of the inventory. `found` never holds a secret's value."""

    file: str
    key: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: found {self.found}; expected {self.expected}"


class InputError(Exception):
    """The user's input cannot be used; `problems` says why, one line each."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class OperationError(Exception):
    """Something failed on a server.

    `message` says what, where and what to do; `log` holds the last lines that explain it.
    """

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.log = log


def failure(error: Exception) -> dict[str, object]:
    """What a module's fail_json says of an error: message, log lines, and that there is nothing to wait for."""
    if isinstance(error, OperationError):
        return {"msg": error.message, "message": error.message, "log": error.log, "finished": True}
    text = f"{error.strerror or error} ({error.filename or 'this host'})" if isinstance(error, OSError) else str(error)
    return {"msg": text, "message": text, "log": "", "finished": True}
