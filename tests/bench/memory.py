"""Memory: of the controller while it deploys, and of a server, bare and with the application."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import docker

from tests.bench.common import ROOT, Bench, Goal, Result
from tests.sandbox.playbook import environment
from tests.sandbox.server import Server

TITLE = "Memory"
SHORT = False
ORDER = 80

METHOD = """\
The proportional set size (PSS, /proc/<pid>/smaps_rollup) of a process and all its descendants, summed. Controller:
`ansible-playbook`, the most of what was seen ten times a second in a whole deploy onto a bare server. Server: its
init, 20 s after boot and 20 s after the deploy.
"""
SETTLE_SECONDS = 20


def family_megabytes(root: int) -> float:
    """PSS of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    waiting, total = [root], 0
    while waiting:
        process = waiting.pop()
        waiting += children.get(process, [])
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def server_megabytes(server: Server) -> float:
    """PSS of all that runs on a server: its init and the descendants of that."""
    time.sleep(SETTLE_SECONDS)
    container = docker.from_env().containers.get(server.what.container)
    return family_megabytes(int(container.attrs["State"]["Pid"]))


def most_megabytes(process: subprocess.Popen[str]) -> float:
    """The most PSS that a process and its descendants had, looked at ten times a second until it ends."""
    most = 0.0
    while process.poll() is None:
        most = max(most, family_megabytes(process.pid))
        time.sleep(0.1)
    return most


def deploy(bench: Bench) -> float:
    """Deploys onto the bare server; the most memory that the controller's processes had."""
    command = ["ansible-playbook", "-i", str(bench.project.inventory), "playbooks/deploy.yml"]
    with (bench.project.inventory.parents[1] / "deploy.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log, text=True)
        most = most_megabytes(process)
        log.seek(0)
        assert process.returncode == os.EX_OK, log.read()
    return most


def measure(bench: Bench) -> Result:
    bench.project  # noqa: B018 - builds the image before anything is measured
    bench.server.reset()
    bare = server_megabytes(bench.server)
    controller = deploy(bench)
    deployed = server_megabytes(bench.server)
    rows = "\n".join(
        f"| {what} | {megabytes:.0f} |"
        for what, megabytes in (
            ("controller, most of a deploy from bare", controller),
            ("bare server (systemd, sshd)", bare),
            ("server with proxy, two web, two worker, MariaDB, Redis, Elasticsearch", deployed),
        )
    )
    goal = Goal("an idle bare server", bare, 80, "MB")
    return Result(f"{METHOD}\n| what | MB |\n| --- | --- |\n{rows}\n\n- {goal}", [goal])
