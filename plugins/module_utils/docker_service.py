"""Docker's systemd service and its configuration, changed together: one that does not start is taken back."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import docker_engine as engine
from .files import write_atomically
from .problem import OperationError

UNIT = "docker.service"
REASONS = (
    re.compile(r"^failed to start daemon: (?P<reason>.+)$"),
    re.compile(r"^(?P<reason>unable to configure the Docker daemon .+)$"),
    re.compile(r'level=(?:fatal|error) msg="(?P<reason>.+?)"(?: \w+=|$)'),
)
# The kernel tells a process's start in hundredths after a boot that it tells in whole seconds.
CLOCK_SECONDS = 2.0


@dataclass(frozen=True)
class ServiceState:
    """What systemd says of the unit."""

    active: bool
    enabled: bool
    process: int


def parse_state(text: str) -> ServiceState:
    """The state out of `systemctl show`'s key=value lines."""
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return ServiceState(
        values.get("ActiveState") == "active",
        values.get("UnitFileState") == "enabled",
        int(values.get("MainPID") or 0),
    )


def read_state() -> ServiceState:
    return parse_state(engine.run(["systemctl", "show", "--property=ActiveState,UnitFileState,MainPID", UNIT]).stdout)


def start_time(process: int, proc: Path = Path("/proc")) -> float:
    """When a process started, in seconds since 1970 (proc(5), stat, field 22); 0 when there is none."""
    try:
        own = (proc / str(process) / "stat").read_text(encoding="ascii", errors="replace")
        ticks = int(own.rpartition(")")[2].split()[19])
        boot = re.search(r"^btime (\d+)$", (proc / "stat").read_text(encoding="ascii"), re.MULTILINE)
    except (OSError, IndexError, ValueError):
        return 0.0
    return int(boot[1]) + ticks / os.sysconf("SC_CLK_TCK") if boot else 0.0


# systemd's words for a unit that was not even tried.
DEPENDENCY = "start failed with result 'dependency'"


def explain(journal: str) -> str:
    """Why the daemon did not start, in one line out of its journal."""
    for line in reversed(journal.strip().splitlines()):
        if DEPENDENCY in line:
            return (
                "what it requires did not start, the mount of a volume perhaps: `journalctl --boot --priority=err` says"
                " what, `grep docker /etc/fstab` which volume"
            )
        for pattern in REASONS:
            match = pattern.search(line)
            if match:
                return match["reason"]
    return "its journal does not say why"


@dataclass(frozen=True)
class Daemon:
    """Docker's daemon with its configuration file."""

    configuration: Path = Path("/etc/docker/daemon.json")

    def read(self) -> str:
        return self.configuration.read_text(encoding="utf-8") if self.configuration.is_file() else ""

    def validate(self, text: str) -> None:
        """Lets the daemon check the names and types of its options. Raises OperationError."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as candidate:
            candidate.write(text)
            candidate.flush()
            result = engine.run(["dockerd", "--validate", "--config-file", candidate.name], check=False)
        if result.returncode != 0:
            lines = (result.stderr or result.stdout).strip().splitlines() or [f"code {result.returncode}"]
            reason = lines[-1].replace(candidate.name, str(self.configuration))
            raise OperationError(f"docker_daemon_options: {reason}")

    def is_stale(self, state: ServiceState) -> bool:
        """Whether the daemon started before its file was written: a run that was cut off in between is found so."""
        if not state.active or not self.configuration.is_file():
            return False
        return self.configuration.stat().st_mtime > start_time(state.process) + CLOCK_SECONDS

    def plan(self, text: str) -> list[str]:
        """What a convergence would do, in words."""
        state = read_state()
        planned = [f"write {self.configuration}"] if self.read() != text else []
        if not state.enabled:
            planned.append("enable Docker at boot")
        if not state.active:
            planned.append("start Docker")
        elif planned or self.is_stale(state):
            planned.append("restart Docker")
        return planned

    def converge(self, text: str) -> list[str]:
        """Writes the configuration and has the daemon run with it, now and at boot; returns what was done.

        Raises OperationError; then the configuration is the one of before, and a daemon that ran runs.
        """
        planned = self.plan(text)
        before, ran = self.read(), read_state().active
        if before != text:
            self.validate(text)
            write_atomically(self.configuration, text, 0o644)
        if "enable Docker at boot" in planned:
            engine.run(["systemctl", "enable", "--quiet", UNIT])
        if "start Docker" in planned or "restart Docker" in planned:
            self._start("restart" if ran else "start", before if before != text else None)
        return planned

    def _start(self, verb: str, fallback: str | None) -> None:
        # A daemon that failed often enough is not tried again by systemd until this is said.
        engine.run(["systemctl", "reset-failed", UNIT], check=False)
        if engine.run(["systemctl", verb, UNIT], check=False).returncode == 0:
            return
        journal = engine.run(["journalctl", f"--unit={UNIT}", "--lines=50", "--no-pager", "--output=cat"], check=False)
        message = f"Docker does not start: {explain(journal.stdout)}"
        if fallback:
            write_atomically(self.configuration, fallback, 0o644)
            engine.run(["systemctl", "reset-failed", UNIT], check=False)
            engine.run(["systemctl", "restart", UNIT], check=False)
            message += f"; {self.configuration} is what it was before"
        raise OperationError(message, engine.tail(journal.stdout))
