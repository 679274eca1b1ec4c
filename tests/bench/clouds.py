"""Servers at a cloud: five at once against one, and a run with nothing to do for twenty of them."""

from __future__ import annotations

import os
import statistics
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker
import psutil

from sandbox import names
from tests.bench.common import Bench, Goal, Result, ratio, run, take_turns
from tests.clouds.account import Account, server
from tests.clouds.stand_in import LISTINGS, StandIn
from tests.sandbox.playbook import temporary_folder

TITLE = "Servers at a cloud"
SHORT = False
ORDER = 60

ONE, FIVE = "one server", "five at once"
FLOOR, NO_OP = "one task on localhost", "provision.yml, 20 servers there"
ONE_TASK = """\
- name: One task
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Nothing
      ansible.builtin.meta: noop
    - name: Ask for nothing
      ansible.builtin.raw: "true"
"""
METHOD = """\
The cloud is cloud.sandbox, the stand-in of DigitalOcean's API whose servers are real ones: a run ends when each server
was reached by its planted host key and cloud-init had ended on it. Each round provisions one server, destroys it,
provisions five at once, and destroys those. The run with nothing to do is set against `ansible-playbook` with one raw
task on localhost. Calls are counted from the stand-in's log.
"""


def account(project: str) -> Account:
    return Account(temporary_folder("slipway-clouds-"), project)


@dataclass
class Making:
    """Runs that make these servers. What each took of the processors: its servers' share (s), and all that ran (%)."""

    account: Account
    servers: list[str]
    clouds: StandIn
    boots: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """The seconds of a run; its servers are gone again when it returns."""
        self.account.wants(*(server(name, "digitalocean") for name in self.servers))
        before = busy_seconds()
        seconds = self.account.provision(timeout=600).succeeded().seconds
        self.busy.append(100 * (busy_seconds() - before) / seconds / (os.cpu_count() or 1))
        self.boots.append(sum(used(each["number"]) for each in self.clouds.servers(*self.servers)))
        self.account.destroy(*self.servers).succeeded()
        return seconds

    def told(self) -> str:
        boots, busy = statistics.median(self.boots), statistics.median(self.busy)
        return f"{boots:.1f} s of processor time, the processors {busy:.0f} % busy through the run"


def used(number: int) -> float:
    """The processor time (s) of a server since it was made: of its init, what runs under that, and what has ended."""
    container = docker.from_env().containers.get(names.CloudServer(number).container)
    init = psutil.Process(int(container.attrs["State"]["Pid"]))
    total = 0.0
    for process in (init, *init.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            # User, system, and both again of children that have ended (times(2)); the fifth is that of waiting.
            total += sum(process.cpu_times()[:4])
    return total


def busy_seconds() -> float:
    """The processor time (s) that this machine has spent on anything (proc(5), /proc/stat)."""
    user, nice, system, _idle, _waiting, *interrupts = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def nothing_to_do(made: Account, clouds: StandIn) -> tuple[float, list[str]]:
    """The seconds of a run with nothing to do, and the calls that it made."""
    clouds.begin_log()
    seconds = made.provision().succeeded().says("20 servers, nothing to do").seconds
    return seconds, clouds.operations()


def measure(bench: Bench) -> Result:
    rounds = 2 if bench.short else 3
    clouds = StandIn()
    clouds.forget_faults()
    one = Making(account("bench-one"), ["bench-0"], clouds)
    five = Making(account("bench-five"), [f"bench-{number}" for number in range(1, 6)], clouds)
    made = take_turns(rounds, {ONE: one, FIVE: five})
    twenty = account("bench-twenty")
    many = [f"many-{number}" for number in range(1, 21)]
    playbook = twenty.inventory.parents[1] / "one.yml"
    playbook.write_text(ONE_TASK, encoding="utf-8")
    calls: list[str] = []
    try:
        twenty.wants(*(server(name, "digitalocean") for name in many))
        twenty.provision(timeout=900).succeeded()

        def no_op() -> float:
            seconds, operations = nothing_to_do(twenty, clouds)
            calls.append(", ".join(sorted(operations)))
            return seconds

        def floor() -> float:
            return run(["ansible-playbook", "-i", str(twenty.inventory), str(playbook)]).seconds

        idle = take_turns(rounds * 3, {FLOOR: floor, NO_OP: no_op})
    finally:
        twenty.destroy(*many)
    rows = [
        f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |"
        for name, values in (made | idle).items()
    ]
    goals = [
        Goal("five servers against one", ratio(made, FIVE, ONE), 1.5),
        Goal("nothing to do against ansible-playbook itself", ratio(idle, NO_OP, FLOOR), 2.0),
        Goal("calls of a run with nothing to do", max(text.count(LISTINGS["digitalocean"]) for text in calls), 1, ""),
    ]
    assert set(calls) == {LISTINGS["digitalocean"]}, f"a run with nothing to do asked for {set(calls)}"
    table = "\n".join(["| what | median s | least s | most s |", "| --- | --- | --- | --- |", *rows])
    listed = "\n".join(f"- {goal}" for goal in goals)
    least = statistics.median(five.boots) / (os.cpu_count() or 1)
    boots = f"""\
The first boots alone:

- one server: {one.told()}
- five at once: {five.told()}

Those five boots cannot take less than {least:.1f} s here, whoever orders them: they share this machine's {os.cpu_count()}
processors, which no cloud's servers do.
"""
    return Result(f"{METHOD}\n{table}\n\n{rounds} and {rounds * 3} rounds.\n\n{listed}\n\n{boots}", goals)
