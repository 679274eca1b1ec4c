"""One to three hosts with a test application on them: its inventory, its hosts, deploys of it, load on it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import docker

from sandbox import keys, paths
from tests.releases.load import Load
from tests.sandbox.playbook import ROOT, Outcome, environment
from tests.sandbox.project import Project
from tests.sandbox.server import Server

FOLDER = paths.STATE / "releases"
STATE = "/var/lib/slipway"


class Host(Server):
    """A server, reached from outside through the engine that it is a container of, also when its SSH is cut."""

    @property
    def address(self) -> str:
        return self.what.address

    def inside(self, command: str) -> str:
        """Runs a shell command without SSH. Raises AssertionError when it fails."""
        code, output = docker.from_env().containers.get(self.what.container).exec_run(["sh", "-c", command])
        text = output.decode(errors="replace").strip()
        assert code == 0, f"{self.name}: `{command}` ended with {code}: {text}"
        return text

    def wait_until_booted(self) -> None:
        self._wait_until_booted()

    def upstream(self, application: str) -> str:
        return self.inside(f"cat {STATE}/proxy/live/{application}/upstream 2>/dev/null || true")

    def lock(self, application: str) -> dict[str, Any]:
        return json.loads(self.inside(f"cat {STATE}/{application}/lock 2>/dev/null || echo '{{}}'"))

    def journal(self, application: str, number: int) -> list[dict[str, Any]]:
        text = self.inside(f"cat {STATE}/{application}/releases/{number}/journal.jsonl 2>/dev/null || true")
        return [json.loads(line) for line in text.splitlines()]


@dataclass
class Running:
    """A playbook at work, in a process group of its own."""

    process: subprocess.Popen[str]
    command: str
    begun: float = field(default_factory=time.monotonic)

    def wait(self, timeout: float = 300) -> Outcome:
        try:
            output, _ = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            output, _ = self.process.communicate()
            raise AssertionError(f"`{self.command}` did not end within {timeout} s:\n{output}") from None
        return Outcome(self.command, self.process.returncode, output, time.monotonic() - self.begun)

    def kill(self) -> None:
        """SIGKILL for the controller: ansible-playbook, its workers and its ssh clients, all at once."""
        os.killpg(self.process.pid, signal.SIGKILL)


class Fleet(Project):
    """`app` are the hosts that run the application, `data` the one with its data services, where that is another."""

    def __init__(self, app: Sequence[str], data: Sequence[str] = ()) -> None:
        folder = FOLDER / "-".join([*app, *data])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        super().__init__(folder, list(app), list(data))
        self.folder = folder
        (self.inventory / "known_hosts").write_text(keys.known_hosts())
        self.hosts_of_app = [self.host_class(name) for name in app]
        self.all_hosts = [self.host_class(name) for name in dict.fromkeys([*app, *data])]

    host_class = Host
    # How many seconds a deploy may take.
    patience = 300.0
    # For tests that are not about verification.
    fast = ("-e", "release_verify=false")

    @property
    def first(self) -> Host:
        return self.hosts_of_app[0]

    def start(self, name: str, *arguments: str, **more_environment: str) -> Running:
        """Starts a playbook and returns at once."""
        command = ["ansible-playbook", "-i", str(self.inventory), f"playbooks/{name}.yml", *arguments]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment(), **more_environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        return Running(process, " ".join(command))

    def deploy(self, *arguments: str, **more_environment: str) -> Outcome:
        return self.start("deploy", *arguments, **more_environment).wait(self.patience)

    def load(self, host: str = "beacon.sandbox", pace: float = 0.1, **users: int) -> Load:
        return Load(self.folder / "load", [each.address for each in self.hosts_of_app], host, pace, **users)

    def release(self, application: str, version: str, *arguments: str) -> Outcome:
        """Deploys the same image with another VERSION in its environment."""
        self.change(application, environment={"VERSION": version})
        return self.deploy(*self.fast, *arguments)

    # --- what there is to be seen ---

    def live(self, application: str) -> int:  # type: ignore[override]
        """The release that all hosts have; AssertionError when they differ."""
        found = {host.name: host.live(application) for host in self.hosts_of_app}
        assert len(set(found.values())) == 1, f"the fleet is mixed: {found}"
        return next(iter(found.values()))

    def expect_clean(self, application: str) -> None:
        """Nothing of a failed or crashed deploy is left behind on any host."""
        for host in self.all_hosts:
            host.expect_nothing_half_done(application)
