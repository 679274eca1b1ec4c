"""Calls to a provider's API: waits when it is asked to, tries again what is safe to, and says the rest in one line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .cloud_model import (
    MISSING,
    QUOTA,
    RATE,
    REFUSED,
    RIGHTS,
    SOLD_OUT,
    TAKEN,
    TEMPORARY,
    TOKEN,
    CloudError,
)

# A refused connection, an overloaded server: it is tried again after 1, 2, 4, 8 and 15 seconds.
ATTEMPTS = 6
LONGEST_PAUSE = 15.0
# A rate limit may ask for a long wait; a person wants to know after this many seconds.
PATIENCE = 300.0
# Words of a refusal that tell its reason; no provider has a code of its own for each.
_REASONS = (
    (QUOTA, ("limit", "quota", "maximum number")),
    (SOLD_OUT, ("sold out", "not available", "unavailable", "capacity", "insufficient")),
    (TAKEN, ("must be unique", "already in use", "already exists", "already taken")),
)

# Something is still done to the server; nothing was begun, and a moment later it may be.
_BUSY = ("linode busy", "pending event")


class Calls:
    """Calls functions of an SDK. `translate` makes a CloudError of the SDK's exceptions, None for any other."""

    def __init__(
        self,
        translate: Callable[[Exception], CloudError | None],
        say: Callable[[str], None] = lambda text: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._translate = translate
        self._say = say
        self._sleep = sleep

    def __call__(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Calls what may be called twice: a reading, a removal, a change that names its result."""
        return self._call(function, arguments, named, again=True)

    def once(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Calls what must not happen twice. Only what was certainly not done (a rate limit) is asked for again."""
        return self._call(function, arguments, named, again=False)

    def make(self, find: Callable[[], Any], make: Callable[[], Any]) -> Any:
        """Makes what `find` does not find. An answer that was lost is looked for before it is asked for again."""
        for attempt in range(ATTEMPTS):
            found = find()
            if found:
                return found
            try:
                return self.once(make)
            except CloudError as error:
                if error.kind not in (TEMPORARY, TAKEN) or attempt == ATTEMPTS - 1:
                    raise
            self._sleep(min(2.0**attempt, LONGEST_PAUSE))
        return None

    def remove(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        """Calls a removal; that the thing is gone already is just as well."""
        try:
            self(function, *arguments, **named)
        except CloudError as error:
            if error.kind != MISSING:
                raise

    def if_allowed(self, read: Callable[[], Any], otherwise: Any) -> Any:
        """What a reading gives; `otherwise` for a token that may not: it cannot have made such a thing either."""
        try:
            return read()
        except CloudError as error:
            if error.kind != RIGHTS:
                raise
            return otherwise

    def _call(self, function: Callable[..., Any], arguments: Any, named: Any, again: bool) -> Any:
        waited, attempt = 0.0, 0
        while True:
            try:
                return function(*arguments, **named)
            except Exception as error:
                problem = self._translate(error)
                if problem is None:
                    raise
                attempt += 1
                pause = problem.retry_after or min(2.0 ** (attempt - 1), LONGEST_PAUSE)
                tired = waited + pause > PATIENCE or (problem.kind == TEMPORARY and attempt >= ATTEMPTS)
                if tired or not (problem.kind == RATE or (problem.kind == TEMPORARY and again)):
                    raise problem from None
                if problem.kind == RATE:
                    self._say(f"{problem.message}; going on in {pause:.0f} s")
                self._sleep(pause)
                waited += pause


def seconds_of(retry_after: str | None) -> float:
    """The seconds of a Retry-After header (RFC 9110, 10.2.3), of which a date counts as not told."""
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0


def refusal(provider: str, status: int, message: str, retry_after: str | None, token_help: str) -> CloudError:
    """The CloudError of an HTTP status; `message` is the provider's own, `token_help` says where a token comes from."""
    said = " ".join(message.split()) or f"status {status}"
    low = said.lower()
    # Linode answers 401 to a token that is right and lacks a scope.
    if status == 401 and "not authorized" in low:
        status = 403
    if status == 401:
        return CloudError(f"{provider} does not accept the token ({said}): {token_help}", TOKEN)
    if status == 403 and "limit" not in low:
        return CloudError(f"{provider}: the token lacks a right for this ({said}): {token_help}", RIGHTS)
    if status == 429:
        return CloudError(f"{provider} asks to wait (rate limit)", RATE, seconds_of(retry_after))
    if status == 404:
        return CloudError(f"{provider} has no such thing: {said}", MISSING)
    if status >= 500 or status == 408:
        return CloudError(f"{provider} failed ({status}): {said}", TEMPORARY, seconds_of(retry_after))
    if any(words in low for words in _BUSY):
        return CloudError(f"{provider} is busy with it: {said}", TEMPORARY)
    for kind, words in _REASONS:
        if any(word in low for word in words):
            return CloudError(f"{provider} refuses: {said}", kind)
    return CloudError(f"{provider} refuses: {said}", REFUSED)


def lost(provider: str, error: Exception) -> CloudError:
    """No answer: refused, cut off, timed out. What was asked for may have happened."""
    reason = " ".join(str(error).split())
    if "certificate" in reason.lower():
        return CloudError(f"{provider}: its certificate is not trusted (servers_ca_bundle names another authority)")
    return CloudError(f"{provider} did not answer ({reason[:200]})", TEMPORARY)
