"""The first connection to a new server: by its planted host key, until its first boot has ended."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.volume_mount import mount_script

CONNECT_SECONDS, COMMAND_SECONDS = 10, 60
# A volume may come late, and a large one takes a while to be formatted.
MOUNT_SECONDS = 300.0
# ssh's own exit code (ssh(1)).
UNREACHED = 255
# Clouds hand out a server within a minute; a slow image's first boot may take some.
REACH_SECONDS, BOOT_SECONDS = 300.0, 900.0
# cloud-init's own words (cloud-init status), and the log that a person would look at.
ASK = "if command -v cloud-init >/dev/null; then cloud-init status 2>/dev/null || :; else echo 'status: absent'; fi"
LOG = "tail -n 40 /var/log/cloud-init-output.log 2>/dev/null || cat /run/cloud-init/result.json"
HOLDS_DATA = "command -v docker >/dev/null || exit 0; docker volume ls --quiet --filter label=slipway.app"


class FirstBootError(OperationError):
    """The server is there, and cloud-init ended with an error; `log` is its own."""


@dataclass(frozen=True)
class SshAccess:
    """How this inventory reaches a new server. `options` are the user's own ssh arguments."""

    known_hosts: Path
    key: str = ""
    options: str = ""
    port: int = 22

    def command(self, address: str, user: str, command: str) -> list[str]:
        fixed = ["BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={self.known_hosts}"]
        fixed += [f"ConnectTimeout={CONNECT_SECONDS}", "ControlMaster=no", "ControlPath=none", "UpdateHostKeys=no"]
        words = ["ssh", *(word for option in fixed for word in ("-o", option))]
        words += ["-i", str(Path(self.key).expanduser())] if self.key else []
        as_root = command if user == "root" else f"sudo -n sh -c {shlex.quote(command)}"
        return [*words, *shlex.split(self.options), "-p", str(self.port), "-l", user, address, as_root]


@dataclass
class FirstContact:
    """Waits for servers; each call for one of them."""

    access: SshAccess
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = field(default=time.monotonic)

    def wait(self, name: str, address: str, user: str) -> None:
        """Returns when the first boot has ended. Raises OperationError, and FirstBootError when it ended badly."""
        begun = self.clock()
        reached = 0.0
        while True:
            result = self._run(address, user, ASK)
            state = _state(result.stdout) if result.returncode == 0 else ""
            if state and not reached:
                reached = self.clock()
                self.say(f"{name}: answers at {address} with its own host key")
            if state in ("done", "absent", "disabled", "degraded done"):
                return
            if state in ("error", "degraded error"):
                log = self._run(address, user, LOG).stdout
                raise FirstBootError(f"{name}: its first boot ended with an error of cloud-init", log)
            if not reached and self.clock() - begun > REACH_SECONDS:
                raise OperationError(f"{name}: {_why(result.stderr, address)}")
            if reached and self.clock() - reached > BOOT_SECONDS:
                log = self._run(address, user, LOG).stdout
                raise OperationError(f"{name}: cloud-init has not ended after {BOOT_SECONDS / 60:.0f} minutes", log)
            self.sleep(1.0)

    def back(self, name: str, address: str, user: str) -> None:
        """Returns when a server that was restarted shows its host key, whomever it lets in. Raises OperationError."""
        begun = self.clock()
        while True:
            result = self._run(address, user, "true")
            if result.returncode != UNREACHED or "permission denied" in result.stderr.lower():
                self.say(f"{name}: is back at {address}")
                return
            if self.clock() - begun > REACH_SECONDS:
                raise OperationError(f"{name}: {_why(result.stderr, address)}")
            self.sleep(1.0)

    def mount(self, name: str, address: str, users: list[str], device: str, place: str) -> bool:
        """Brings a volume to where it is used; whether there was anything to do. Raises OperationError."""
        script = mount_script(device, place)
        for user in users:
            result = self._run(address, user, script, MOUNT_SECONDS)
            if result.returncode != UNREACHED:
                break
        if result.returncode:
            said = (result.stderr.strip().splitlines() or [f"ended with {result.returncode}"])[-1]
            raise OperationError(f"{name}: {said if result.returncode != UNREACHED else _why(result.stderr, address)}")
        for word in result.stdout.split():
            self.say(f"{name}: {device} {word}" + (f" at {place}" if word == "mounted" else ""))
        return bool(result.stdout.split())

    def data_volumes(self, address: str, user: str) -> list[str]:
        """The applications' volumes on a server. Raises OperationError when it cannot be asked."""
        result = self._run(address, user, HOLDS_DATA)
        if result.returncode:
            raise OperationError(_why(result.stderr, address))
        return result.stdout.split()

    def _run(
        self, address: str, user: str, command: str, seconds: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        words = self.access.command(address, user, command)
        try:
            return subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 255, "", f"no answer within {seconds:.0f} s")


def _state(output: str) -> str:
    lines = [line.removeprefix("status:").strip() for line in output.splitlines() if line.startswith("status:")]
    return lines[0] if lines else "absent"


def _why(stderr: str, address: str) -> str:
    """Why a server cannot be reached, and what to do."""
    low = stderr.lower()
    if "host key is known for" in low:
        return f"known_hosts has no key for {address}: add the one that its console shows (docs/servers.md)"
    if "host key verification failed" in low or "identification has changed" in low:
        return (
            f"{address} shows another host key than the one it was given: its user data was not carried out, or it is"
            " another machine (look at its console)"
        )
    if "permission denied" in low:
        return (
            f"{address} refuses the SSH key: ansible_ssh_private_key_file must be the private half of one of ssh_keys"
        )
    last = (stderr.strip().splitlines() or ["no answer"])[-1]
    return f"{address} cannot be reached by SSH ({last})"
