"""Servers at a cloud: five at once against one, and a run with nothing to do for twenty of them."""

from __future__ import annotations

import statistics

from tests.bench.common import Bench, Goal, Result, ratio, run, take_turns
from tests.clouds.account import Account, server
from tests.clouds.stand_in import LISTINGS, StandIn
from tests.sandbox.playbook import temporary_folder

TITLE = "Servers at a cloud"
SHORT = False
ORDER = 60

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


def provision(made: Account, names: list[str]) -> float:
    """The seconds of a run that makes these servers; they are gone again when it returns."""
    made.wants(*(server(name, "digitalocean") for name in names))
    seconds = made.provision(timeout=600).succeeded().seconds
    made.destroy(*names).succeeded()
    return seconds


def nothing_to_do(made: Account, clouds: StandIn) -> tuple[float, list[str]]:
    """The seconds of a run with nothing to do, and the calls that it made."""
    clouds.begin_log()
    seconds = made.provision().succeeded().says("20 servers, nothing to do").seconds
    return seconds, clouds.operations()


def measure(bench: Bench) -> Result:
    rounds = 2 if bench.short else 3
    clouds = StandIn()
    clouds.forget_faults()
    one, five = account("bench-one"), account("bench-five")
    names = [f"bench-{number}" for number in range(1, 6)]
    made = take_turns(
        rounds,
        {"one server": lambda: provision(one, ["bench-0"]), "five at once": lambda: provision(five, names)},
    )
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
        Goal("five servers against one", ratio(made, "five at once", "one server"), 1.5),
        Goal("nothing to do against ansible-playbook itself", ratio(idle, NO_OP, FLOOR), 2.0),
        Goal("calls of a run with nothing to do", max(text.count(LISTINGS["digitalocean"]) for text in calls), 1, ""),
    ]
    assert set(calls) == {LISTINGS["digitalocean"]}, f"a run with nothing to do asked for {set(calls)}"
    table = "\n".join(["| what | median s | least s | most s |", "| --- | --- | --- | --- |", *rows])
    listed = "\n".join(f"- {goal}" for goal in goals)
    return Result(f"{METHOD}\n{table}\n\n{rounds} and {rounds * 3} rounds.\n\n{listed}", goals)
