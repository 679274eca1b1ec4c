"""A server of the sandbox, as root sees it who sits at its console; no login of root's is needed, as there is none."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import docker

from sandbox import names, servers
from tests.sandbox.playbook import ROOT, control_folder

LOCK_SECONDS = 90
BOOT_SECONDS = 60
# Files that a login, the clock or systemd itself changes.
RESTLESS = ("/var/log/*", "/var/lib/systemd/*", "/var/cache/*", "/tmp/systemd-private-*")
_FILES = (
    "find / /tmp -xdev \\( "
    + " -o ".join(f"-path '{pattern}'" for pattern in RESTLESS)
    + " \\) -prune -o -type d -printf '%p %m %U\\n' -o -printf '%p %s %T@ %m %U\\n'"
)


def bring_up(servers: Sequence[str]) -> list[str]:
    """Brings up those of the servers that are not, bare; returns the others, as somebody has left them."""
    running = {container.name for container in docker.from_env().containers.list()}
    there = [name for name in servers if names.server(name).container in running]
    missing = [name for name in servers if name not in there]
    if missing:
        subprocess.run([sys.executable, "-m", "sandbox", "up", *missing], cwd=ROOT, check=True)
    return there


def bring_up_bare(servers: Sequence[str]) -> None:
    """Brings the servers up with nothing on them: what an earlier run has left would be in the way."""
    there = bring_up(servers)
    if there:
        subprocess.run([sys.executable, "-m", "sandbox", "reset", *there], cwd=ROOT, check=True)


class Server:
    """One server, whose applications are visited at `url`: plain HTTP, or HTTPS where the server is `secure`."""

    def __init__(self, name: str, secure: bool = False) -> None:
        self.what = names.server(name)
        self.name = name
        port = self.what.https_port if secure else self.what.http_port
        self.url = f"{'https' if secure else 'http'}://{names.LOOPBACK}:{port}"

    def ssh(self, command: str, text: str | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """As a login of root would run it, but through the engine outside: also when SSH is cut, or closed to root."""
        return subprocess.run(
            self.as_root(command),
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def as_root(self, command: str) -> list[str]:
        """The call that runs a shell command there as root, its standard input passed on."""
        if isinstance(self.what, names.Machine):
            # Nothing but SSH leads into it.
            return servers.shell(self.what, [command])
        return ["docker", "exec", "--interactive", "--workdir", "/root", self.what.container, "bash", "-c", command]

    def run(self, command: str, text: str | None = None) -> str:
        """Runs a shell command and returns what it prints. Raises AssertionError when it fails."""
        result = self.ssh(command, text)
        assert result.returncode == 0, f"{self.name}: `{command}` ended with {result.returncode}: {result.stderr}"
        return result.stdout.strip()

    def has(self, path: str) -> bool:
        return self.ssh(f"test -e {path}").returncode == 0

    def write(self, path: str, text: str, mode: str = "0644") -> None:
        self.run(f"cat >{path} && chmod {mode} {path}", text)

    # --- its life ---

    @property
    def is_bare(self) -> bool:
        return self.ssh("test ! -e /var/lib/slipway && ! command -v docker").returncode == 0

    def reset(self) -> Server:
        """Makes it bare again, with the same address and host key."""
        command = [sys.executable, "-m", "sandbox", "reset", self.name]
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
            if result.returncode == 0:
                break
            # Another command of the sandbox may be at work for a moment.
            assert "another" in result.stderr and time.monotonic() < deadline, result.stdout + result.stderr
            time.sleep(0.5)
        self.forget_connections()
        self._wait_until_booted()
        return self

    def bare(self) -> Server:
        """The server as its provider hands it out; made anew unless nothing was installed on it yet."""
        return self if self.is_bare else self.reset()

    def reboot(self) -> None:
        """Turns it off and on again."""
        docker.from_env().containers.get(self.what.container).restart(timeout=60)
        self.forget_connections()
        servers.wait_ready(self.what)
        self._wait_until_booted()

    @contextmanager
    def cut_off(self, address: str) -> Iterator[None]:
        """No packet of this server reaches an address for a while; other servers go on undisturbed."""
        routes = " && ".join(f"ip route {{0}} unreachable {each}" for each in (address, names.ipv6(address)))
        self.run(routes.format("add"))
        try:
            yield
        finally:
            self.run(routes.format("del"))

    def _wait_until_booted(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        state = ""
        while time.monotonic() < deadline:
            state = self.ssh("systemctl is-system-running").stdout.strip()
            if state in ("running", "degraded"):
                return
            time.sleep(0.2)
        raise AssertionError(f"{self.name} is {state or 'away'} {BOOT_SECONDS} s after its start")

    @staticmethod
    def forget_connections() -> None:
        """Ends the kept connections: those to the server that was there before lead nowhere."""
        for socket in control_folder().iterdir():
            subprocess.run(
                ["ssh", "-S", str(socket), "-O", "exit", "server"], capture_output=True, timeout=20, check=False
            )

    # --- what is on it ---

    def files(self) -> list[str]:
        """Every file with size, time, mode and owner, sorted; without those that change by themselves."""
        return sorted(self.run(_FILES).splitlines())

    def processes(self) -> list[str]:
        """What runs there, apart from this connection."""
        found = self.run("ps -eo comm= --no-headers").split()
        return sorted(name for name in found if not name.startswith(("sshd", "bash", "ps", "sh", "find", "kworker")))

    def containers(self, label: str = "slipway.app") -> list[dict[str, str]]:
        """Containers with a label, running or not, as `docker ps` tells them; none without Docker."""
        shown = self.ssh(f"docker ps --all --no-trunc --filter label={label} --format json").stdout
        return [json.loads(line) for line in shown.splitlines()]

    def names(self, application: str) -> list[str]:
        """Names of an application's containers, running or not."""
        return sorted(container["Names"] for container in self.containers(f"slipway.app={application}"))

    def inspect(self, container: str) -> dict[str, Any]:
        return json.loads(self.run(f"docker inspect {container}"))[0]

    def live(self, application: str) -> int:
        """The number of the application's live release, 0 for none."""
        shown = self.ssh(f"readlink /var/lib/slipway/{application}/live").stdout.strip()
        return int(shown.rpartition("/")[2] or 0)

    def releases(self, application: str) -> list[int]:
        """Numbers of the releases of which the server has a folder."""
        shown = self.ssh(f"ls /var/lib/slipway/{application}/releases").stdout.split()
        return sorted(int(name) for name in shown)

    def ledger(self, application: str) -> list[dict[str, Any]]:
        shown = self.ssh(f"cat /var/lib/slipway/{application}/ledger.jsonl").stdout
        return [json.loads(line) for line in shown.splitlines()]

    def expect_nothing_half_done(self, application: str) -> None:
        """No lock, no folder, no container and no secret of any release but the live one and those kept before it."""
        live = self.live(application)
        assert not self.has(f"/var/lib/slipway/{application}/lock"), "the lock is still there"
        assert all(number <= live for number in self.releases(application)), self.releases(application)
        own = self.containers(f"slipway.app={application}")
        strangers = [each["Names"] for each in own if "slipway.process=" in each["Labels"]]
        assert [name for name in strangers if not name.startswith(f"{application}-r{live}-")] == []
