"""A connection of its own to a host, beside the one that Ansible keeps open: proof that a next login will work."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.slipway.vps.plugins.plugin_utils.ssh_settings import ssh_config

CONNECT_SECONDS = 5
# sshd takes a moment to come back with its new settings.
PAUSE_SECONDS = 1.0
# ssh(1): its own failure, as opposed to the command's.
SSH_FAILED = 255
# What OpenSSH says where it came no further than the greeting: a firewall that limits connections, an sshd that starts.
BEFORE_LOGIN = ("connect to host", "banner exchange", "kex_exchange_identification")


@dataclass(frozen=True)
class Answer:
    """What a command over a new connection came to; `reached` is False when there was no connection."""

    code: int
    stdout: str
    stderr: str

    @property
    def reached(self) -> bool:
        return self.code != SSH_FAILED

    @property
    def begun(self) -> bool:
        """Whether the command may have begun."""
        return self.reached or not any(sign in self.stderr for sign in BEFORE_LOGIN)

    @property
    def reason(self) -> str:
        lines = [line for line in self.stderr.strip().splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"exit code {self.code}"


@dataclass(frozen=True)
class FreshConnection:
    """`settings` are those of ssh_settings.connection_settings; `sudo`: commands become root's."""

    host: str
    settings: dict[str, Any]
    known_hosts: Path | None
    sudo: bool
    password: str = field(default="", repr=False)

    def as_user(self, user: str) -> FreshConnection:
        return replace(self, settings={**self.settings, "user": user}, sudo=user != "root")

    def run(self, command: str, text: str = "", seconds: float = 120) -> Answer:
        """Runs a shell command as root over a connection that nothing else uses."""
        # The first value of an option counts: these are given before those of the inventory.
        own = ["ControlMaster=no", "ControlPath=none", "ControlPersist=no", f"ConnectTimeout={CONNECT_SECONDS}"]
        with tempfile.NamedTemporaryFile("w", suffix=".ssh_config", encoding="utf-8") as file:
            # As for Ansible's own connection, a person's settings count where the inventory says nothing.
            file.write(ssh_config(self.host, self.settings, self.known_hosts) + "    Include ~/.ssh/config\n")
            file.flush()
            ssh = ["ssh", "-F", file.name, *(word for option in own for word in ("-o", option)), self.host]
            try:
                result = subprocess.run(
                    [*ssh, self._as_root(command)],
                    input=f"{self.password}\n{text}" if self.password else text,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return Answer(SSH_FAILED, "", f"no answer within {seconds:.0f} s")
        return Answer(result.returncode, result.stdout, result.stderr)

    def _as_root(self, command: str) -> str:
        words = f"sh -c {shlex.quote(command)}"
        if not self.sudo:
            return words
        if not self.password:
            return f"sudo -n -H {words}"
        # The password is the first line of the input, whether sudo asks for it or not.
        return f"if sudo -n true 2>/dev/null; then read -r _; sudo -n -H {words}; else sudo -S -p '' -H {words}; fi"

    def insist(self, command: str, patience: float, text: str = "", repeatable: bool = True) -> Answer:
        """The same, tried again for `patience` seconds while there is no connection.

        One that is not `repeatable` is given again only where it has certainly not begun.
        """
        deadline = time.monotonic() + patience
        while True:
            answer = self.run(command, text)
            done = answer.reached or (answer.begun and not repeatable)
            if done or time.monotonic() > deadline:
                return answer
            time.sleep(PAUSE_SECONDS)
