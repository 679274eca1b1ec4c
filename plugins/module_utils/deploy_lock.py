"""The lock of an application on a host: one deploy at a time, and a crashed one does not stand in the way for ever."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .files import read_json, write_json
from .problem import OperationError

# The option `lock` of the modules that work under a lock.
LOCK_OPTIONS: dict[str, dict[str, Any]] = {
    "token": {"type": "str", "required": True, "no_log": False},
    "owner": {"type": "str", "default": ""},
    "purpose": {"type": "str", "default": ""},
    "seconds": {"type": "float", "default": 300},
    "dead": {"type": "str", "default": ""},
    "wait": {"type": "float", "default": 0},
}


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class DeployLock:
    """`token` names one run of a playbook: the same run may take its lock again, which refreshes it."""

    def __init__(self, path: Path, token: str, seconds: float) -> None:
        self.path = path
        self.token = token
        self.seconds = seconds

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Two runs on one host take turns to read and write (flock(2): the kernel lets go when a process dies)."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path.with_name(".lock.guard"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @contextmanager
    def alone(self, patience: float) -> Iterator[bool]:
        """Whether no other call works on the application here, for as long as the block lasts.

        A step goes on after its controller has died: the next run's steps must not meet it. Waits `patience` seconds.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path.with_name(".work.guard"), os.O_RDWR | os.O_CREAT, 0o600)
        end = time.monotonic() + patience
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    if time.monotonic() >= end:
                        yield False
                        return
                    time.sleep(0.1)
                else:
                    yield True
                    return
        finally:
            os.close(handle)

    def holder(self) -> dict[str, Any] | None:
        return read_json(self.path)

    def take(self, owner: str, purpose: str, dead: str = "", wait: float = 0) -> str:
        """Takes the lock and returns what is to be said about it ('' when it was free).

        `dead` is the token of a holder whose process the controller knows to be gone. Raises OperationError while
        somebody else holds it, after waiting up to `wait` seconds.
        """
        deadline = time.monotonic() + wait
        while True:
            with self._exclusive():
                held = self.holder()
                if self._free(held, dead):
                    since = held["since"] if held and held["token"] == self.token else timestamp(time.time())
                    self._write(owner, purpose, since)
                    return "" if held is None or held["token"] == self.token else self._takeover(held, dead)
            if time.monotonic() >= deadline:
                assert held is not None
                raise OperationError(
                    f"locked by {held['owner']} ({held['purpose']}) since {held['since']}, until {held['expires']} if"
                    " not refreshed; wait for it (-e wait_for_lock=300), or remove a lock that nobody holds with"
                    " playbooks/unlock.yml"
                )
            time.sleep(min(1.0, max(0.05, deadline - time.monotonic())))

    def _free(self, held: dict[str, Any] | None, dead: str) -> bool:
        return held is None or held["token"] in (self.token, dead or None) or held["expires_at"] < time.time()

    @staticmethod
    def _takeover(held: dict[str, Any], dead: str) -> str:
        why = "its process is gone" if held["token"] == dead else f"it expired at {held['expires']}"
        return f"took over the lock of {held['owner']} ({held['purpose']}): {why}"

    def _write(self, owner: str, purpose: str, since: str) -> None:
        expires = time.time() + self.seconds
        record = {
            "owner": owner,
            "purpose": purpose,
            "since": since,
            "expires": timestamp(expires),
            "expires_at": expires,
            "token": self.token,
        }
        write_json(self.path, record)

    def refresh(self) -> None:
        """Extends the lock. Raises OperationError when this run does not hold it any more."""
        with self._exclusive():
            held = self.holder()
            if held is None or held["token"] != self.token:
                who = f"{held['owner']} took it over" if held else "somebody removed it"
                raise OperationError(
                    f"this deploy lost its lock ({who}): it stops here; run it again when the other one has ended"
                )
            self._write(held["owner"], held["purpose"], held["since"])

    def release(self) -> bool:
        """Removes the lock if this run holds it; returns whether it did."""
        with self._exclusive():
            held = self.holder()
            if held is None or held["token"] != self.token:
                return False
            self.path.unlink(missing_ok=True)
            return True
