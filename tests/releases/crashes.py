"""Crashes in the middle of a release, caused from outside, and what they came to."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path

import docker

from sandbox import servers
from tests.releases.fleet import Fleet, Host
from tests.releases.jobs import Parcels, wait_for_jobs
from tests.releases.load import Report
from tests.sandbox.playbook import Outcome

HERE = Path(__file__).parent
# Each phase, the end of its task's name, and how many seconds after the task's begin it is in full swing.
PHASES = {
    "lock": ("release : Lock", 0.15),
    "pull": ("release : Pull", 0.4),
    "migrate": ("release : Migrate", 1.0),
    "start": ("release : Start", 0.6),
    "switch": ("release : Switch", 0.12),
    "verify": ("verify : Verify", 1.0),
    "settle": ("release : Settle", 0.4),
}
NO_SSH = "iptables -{} INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset"
COMMANDS = {
    "controller killed": "kill -KILL $CONTROLLER",
    "SSH cut": f"docker exec {{container}} {NO_SSH.format('I')}",
    "host killed": "docker kill {container}",
    "dockerd killed": "docker exec {container} sh -c 'kill -KILL $(cat /run/docker.pid)'",
}
JOB_SECONDS = 6
# After a host's death RQ notices an abandoned job by its heartbeat (60 s) and its maintenance.
JOBS_SECONDS = 150
BOOT_SECONDS = 60


@dataclass(frozen=True)
class Cell:
    """One crash: what, in which phase, and to which of the hosts (counted from 0)."""

    what: str
    phase: str
    victim: int

    def __str__(self) -> str:
        return f"{self.what} in {self.phase} ({('first', 'second', 'third')[self.victim]} host)"


@dataclass
class Result:
    """What a crash came to.

    `others` and `itself` are failed requests; `away` is the longest time in which the victim answered none, in seconds.
    """

    cell: Cell
    first: Outcome
    next: Outcome
    requests: int = 0
    others: int = 0
    itself: int = 0
    away: float = 0.0
    lost_rows: int = 0
    lost_jobs: int = 0
    jobs: int = 0
    rows: int = 0
    left: list[str] = field(default_factory=list)
    told: str = ""

    @property
    def good(self) -> bool:
        quiet_host = self.cell.what == "host killed" or not self.itself
        return self.next.code == 0 and not (self.others or self.lost_rows or self.lost_jobs or self.left) and quiet_host


def prepare(fleet: Fleet) -> None:
    """A healthy release of courier on three hosts, its queue on the fourth."""
    data = {"environment": {"VERSION": "good", "MIGRATION_SECONDS": "2"}}
    fleet.add("courier", tag="v1", health_timeout="30s", **data)
    fleet.deploy(*fleet.fast).succeeded()


def carry_out(fleet: Fleet, cell: Cell) -> Result:
    """Deploys, crashes, brings the victim back, deploys again, and counts."""
    victim = fleet.hosts_of_app[cell.victim]
    addresses = [host.address for host in fleet.hosts_of_app]
    fleet.change("courier", environment={"VERSION": f"v{time.time_ns()}"})
    load = fleet.load("courier.sandbox", pace=0.15, readers=6, waiters=0, uploaders=0)
    with load, Parcels(addresses, longest=JOB_SECONDS, per_second=0.6) as parcels:
        load.wait_for(20)
        first = deploy_and_crash(fleet, cell.phase, COMMANDS[cell.what].format(container=victim.what.container))
        bring_back(cell, victim)
        following = fleet.deploy(*fleet.fast)
        load.wait_for(20)
    report = load.report
    found = wait_for_jobs(fleet.hosts_of_app[(cell.victim + 1) % 3].address, parcels.sent, JOBS_SECONDS)
    own = report.at(victim.address)
    return Result(
        cell=cell,
        first=first,
        next=following,
        requests=len(report.answers),
        others=len(report.failed) - len(own.failed),
        itself=len(own.failed),
        away=gap(own),
        lost_rows=len(found.lost_rows),
        lost_jobs=len(found.lost_jobs),
        rows=len(parcels.sent.rows),
        jobs=len(parcels.sent.jobs),
        left=left_behind(fleet),
        told=told(first),
    )


def deploy_and_crash(fleet: Fleet, phase: str, command: str, slowness: float = 1) -> Outcome:
    """Deploys, and runs a shell command while the phase is in full swing.

    On a server that is slower than others by a factor of `slowness` that is so much later.
    """
    task, delay = PHASES[phase]
    mark = fleet.folder / "crashed"
    mark.unlink(missing_ok=True)
    run = fleet.start(
        "deploy",
        *([] if phase == "verify" else fleet.fast),
        ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback_plugins"),
        ANSIBLE_CALLBACKS_ENABLED="crash",
        CRASH_TASK=task,
        CRASH_DELAY=str(delay * slowness),
        CRASH_COMMAND=command,
        CRASH_FILE=str(mark),
    )
    outcome = run.wait(300 * slowness)
    assert wait_for_file(mark), f"nothing was crashed: {outcome}"
    return outcome


def wait_for_file(path: Path, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return path.exists()


def bring_back(cell: Cell, victim: Host) -> None:
    """What a provider or an administrator does: the host is started, the network is mended."""
    if cell.what == "SSH cut":
        victim.inside(NO_SSH.format("D"))
    if cell.what == "host killed":
        docker.from_env().containers.get(victim.what.container).start()
        servers.wait_ready(victim.what)
        victim.wait_until_booted()
    if cell.what == "dockerd killed":
        wait_for_engine(victim)


def wait_for_engine(host: Host) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while True:
        try:
            host.inside("docker info >/dev/null 2>&1")
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def gap(report: Report) -> float:
    """The longest time between two good answers, in seconds."""
    times = sorted(answer.at + answer.milliseconds / 1000 for answer in report.answers if not answer.error)
    return max((after - before for before, after in itertools.pairwise(times)), default=0.0)


def left_behind(fleet: Fleet) -> list[str]:
    """What should not be there after the next run: mixed releases, locks, folders, containers."""
    problems = []
    try:
        fleet.live("courier")
    except AssertionError as error:
        problems.append(str(error))
    for host in fleet.all_hosts:
        try:
            host.expect_nothing_half_done("courier")
        except AssertionError as error:
            problems.append(f"{host.name}: {str(error).splitlines()[0]}")
    if fleet.deploy(*fleet.fast).output.count("Nothing to do.") != 1:
        problems.append("the deploy after that still finds something to do")
    return problems


def told(outcome: Outcome) -> str:
    """The line in which the first run said what happened, '' when it was killed."""
    lines = [line for line in outcome.lines if "Cause:" in line or "cannot be reached" in line or " failed: " in line]
    return lines[-1] if lines else ""
