"""What Slipway keeps of an application on a host, in plain files: /var/lib/slipway/<app>/."""

from __future__ import annotations

import os
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .files import append_line, read_json, read_lines, sync_folder, write_atomically, write_json

ROOT = Path("/var/lib/slipway")


def now() -> str:
    """This moment in UTC, ISO 8601."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class ApplicationState:
    """The state of one application on this host."""

    def __init__(self, application: str, root: Path = ROOT, run: str = "") -> None:
        self.application = application
        self.run = run
        self.folder = root / application
        self.live_folder = root / "proxy" / "live" / application
        self.ledger_file = self.folder / "ledger.jsonl"
        self.lock_file = self.folder / "lock"
        self.live_link = self.folder / "live"

    def release_folder(self, number: int) -> Path:
        return self.folder / "releases" / str(number)

    def release(self, number: int) -> dict[str, Any] | None:
        """The record of a release (release.json), None when this host does not have it."""
        return read_json(self.release_folder(number) / "release.json")

    def write_release(self, number: int, record: dict[str, Any]) -> None:
        write_json(self.release_folder(number) / "release.json", record)

    def release_numbers(self) -> list[int]:
        folder = self.folder / "releases"
        return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit()) if folder.is_dir() else []

    def journal(self, number: int, step: str, state: str, **detail: Any) -> None:
        """Records that a phase of a release has begun, is done or has failed."""
        append_line(
            self.release_folder(number) / "journal.jsonl",
            {"at": now(), "time": time.time(), "run": self.run, "step": step, "state": state, **detail},
        )

    def journal_lines(self, number: int) -> list[dict[str, Any]]:
        return read_lines(self.release_folder(number) / "journal.jsonl")

    def last(self, number: int, step: str) -> dict[str, Any] | None:
        """The last journal line of a step of a release."""
        lines = [line for line in self.journal_lines(number) if line.get("step") == step]
        return lines[-1] if lines else None

    def begun(self, number: int, step: str) -> dict[str, Any] | None:
        """The journal line with which this run began a step that has not ended yet; None before that."""
        line = self.last(number, step)
        return line if line and line["state"] == "begun" and line.get("run") == self.run else None

    def begin(self, number: int, step: str, **detail: Any) -> float:
        """The time (seconds since 1970) at which this run began a step; a repeated call goes on from there."""
        line = self.begun(number, step)
        if line:
            return float(line["time"])
        self.journal(number, step, "begun", **detail)
        return time.time()

    def ledger(self) -> list[dict[str, Any]]:
        return read_lines(self.ledger_file)

    def stands(self, number: int) -> bool:
        """Whether the release was verified and the one before it is being let go, or is gone: there is no way back."""
        settled = any(line.get("release") == number and line.get("result") == "live" for line in self.ledger())
        return settled or self.last(number, "settle") is not None

    def write_ledger(self, record: dict[str, Any]) -> None:
        append_line(self.ledger_file, record)

    def live(self) -> int:
        """The number of the live release, 0 when there is none."""
        try:
            return (
                int(self.live_link.readlink().name)
                if hasattr(self.live_link, "readlink")
                else int(self.live_link.resolve().name)
            )
        except (OSError, ValueError):
            return 0

    def set_live(self, number: int) -> None:
        """Points `live` at a release, atomically; 0 takes it away."""
        if number == 0:
            self.live_link.unlink(missing_ok=True)
            return
        temporary = self.folder / ".live.new"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(Path("releases") / str(number))
        temporary.replace(self.live_link)
        sync_folder(self.folder)

    def upstream(self) -> int:
        """The number of the release to which the proxy sends requests, 0 when to none."""
        try:
            name = (self.live_folder / "upstream").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return 0
        number = name.removeprefix(f"{self.application}-r").split("-")[0]
        return int(number) if number.isdigit() else 0

    def set_upstream(self, number: int) -> None:
        """Switches new requests to a release by renaming the file that the proxy reads at each request; 0: to none.

        The file before it is kept: to go back to that takes a rename and no space on the disk.
        """
        file, before = self.live_folder / "upstream", self.live_folder / "upstream.before"
        name = f"{self.application}-r{number}-web"
        if number == 0:
            file.unlink(missing_ok=True)
        elif before.is_file() and before.read_text(encoding="utf-8") == name:
            before.replace(file)
            sync_folder(self.live_folder)
        elif self.upstream() != number:
            self.live_folder.mkdir(parents=True, exist_ok=True)
            before.unlink(missing_ok=True)
            if file.is_file():
                os.link(file, before)
            write_atomically(file, name, 0o644)

    def set_port(self, port: int) -> None:
        """The port that goes with the upstream; written before it: the proxy tries again where it meets just one."""
        write_atomically(self.live_folder / "port", str(port), 0o644)

    def port(self, number: int, default: int) -> int:
        """The port on which the web process of a release listens."""
        return int((self.release(number) or {}).get("port") or default)

    def remove_release(self, number: int) -> None:
        shutil.rmtree(self.release_folder(number), ignore_errors=True)

    def remove_secrets(self, number: int) -> None:
        shutil.rmtree(self.release_folder(number) / "secrets", ignore_errors=True)
