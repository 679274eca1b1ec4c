"""A server with a kernel and a disk of its own, which can be rebooted, and whose power can be cut."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable

import docker

from sandbox import keys, names, servers, virtual
from sandbox.servers import OPERATOR
from tests.releases.crashes import deploy_and_crash
from tests.releases.fleet import Fleet, Host
from tests.sandbox.playbook import Outcome

# In software, a boot takes minutes.
WAIT_SECONDS = 400
SLOWNESS = 8 if virtual.accelerator() == "tcg" else 1
BOOT = "cat /proc/sys/kernel/random/boot_id"


class Powered(Host):
    """All goes by SSH, the engine outside does not see into it: as root, and as the operator once root is refused."""

    user = "root"

    def as_root(self, command: str) -> list[str]:
        words = shlex.join(["sudo", "bash", "-c", command]) if self.user == OPERATOR else command
        return [*keys.ssh_command(self.what, self.user), words]

    def ssh(self, command: str, text: str | None = None, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        result = super().ssh(command, text, timeout)
        if self.user == "root" and result.returncode == 255 and "Permission denied" in result.stderr:
            # Not tried again at each call: sshd shuts out who is refused too often (PerSourcePenalties).
            self.user = OPERATOR
            result = super().ssh(command, text, timeout)
        return result

    def inside(self, command: str) -> str:
        return self.run(command)

    def boot(self) -> str:
        """What tells one boot from another; empty while there is no answer."""
        return self.ssh(BOOT).stdout.strip()

    def reboot(self) -> None:
        before = self.boot()
        self.ssh("systemctl reboot")
        wait_until(lambda: self.boot() not in ("", before), f"{self.name} has not rebooted")
        self.forget_connections()
        self.wait_until_booted()

    def cut_power(self) -> None:
        """What was not written to its disk is lost. It comes back at once."""
        docker.from_env().containers.get(self.what.container).restart(timeout=0)
        self.forget_connections()
        servers.wait_ready(self.what)
        self.wait_until_booted()

    def wait_until_booted(self) -> None:
        wait_until(
            lambda: self.ssh("systemctl is-system-running").stdout.strip() in ("running", "degraded"),
            f"{self.name} has not booted",
        )


def reach(name: str) -> Host:
    """The server of that name, by SSH where it is a machine of its own."""
    return Powered(name) if isinstance(names.server(name), names.Machine) else Host(name)


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{otherwise} after {WAIT_SECONDS} s"
        time.sleep(1)


class PoweredFleet(Fleet):
    """An inventory of such servers."""

    host_class = Powered
    patience = 1500.0

    def deploy_and_crash(self, phase: str) -> Outcome:
        """Deploys, and cuts the power of the first server in the middle of a phase."""
        container = self.first.what.container
        return deploy_and_crash(self, phase, f"docker restart --time 0 {container}", slowness=SLOWNESS)
