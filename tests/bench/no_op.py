"""A deploy with nothing to do, against a playbook with one raw task, and against pyinfra's look at the same host."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench.common import ROOT, Bench, Goal, Result, ratio, run, table, take_turns

TITLE = "A deploy with nothing to do"
SHORT = True
ORDER = 10

# The user of inventory/sandbox, who may use sudo: root's login is off.
OPERATOR = "slipway"
PYINFRA = ROOT / ".venv-benchmark/bin/pyinfra"
RAW = "one raw task"
DEPLOY = "deploy.yml"
PEER = "pyinfra"
ONE_RAW_TASK = """\
- name: One raw task
  hosts: app
  tasks:
    - name: Ask for nothing
      ansible.builtin.raw: "true"
"""
METHOD = """\
Microblog is live: two web and two worker containers, MariaDB, Redis, Elasticsearch, the proxy. Each round runs, one
after the other, a playbook with one `raw` task (what Ansible itself costs), `deploy.yml` and pyinfra on the same
server; ratios are the medians over the rounds. SSH connections are kept open between Ansible's runs (ControlPersist);
pyinfra opens its own. deploy.yml asks the registry for the image's digest, compares settings, secrets and definitions
of each container, the proxy's site and the server's stamp. pyinfra, by its docker operations, asks whether the same
network, volumes and containers exist and run, and compares nothing else.
"""


def run_raw(inventory: Path, playbook: Path) -> float:
    return run(["ansible-playbook", "-i", str(inventory), str(playbook)]).seconds


def run_deploy(inventory: Path) -> float:
    command = ["ansible-playbook", "-i", str(inventory), "playbooks/deploy.yml"]
    return run(command).says("Nothing to do.").seconds


def pyinfra_files(bench: Bench, folder: Path) -> list[str]:
    """Writes what pyinfra needs to look at everything that Slipway has made, and returns its command."""
    server = bench.server
    label = "--filter label=slipway.app=microblog"
    names = server.run(f"docker ps --all --format '{{{{.Names}}}}' {label}").split()
    objects = {
        "networks": ["microblog"],
        "volumes": server.run(f"docker volume ls --quiet {label}").split(),
        "containers": [{"container": name, "image": server.inspect(name)["Config"]["Image"]} for name in names],
    }
    assert len(objects["containers"]) == 7 and len(objects["volumes"]) >= 3, objects
    (folder / "objects.json").write_text(json.dumps(objects), encoding="utf-8")
    project = bench.project.inventory
    data = {
        "ssh_port": server.what.ssh_port,
        "ssh_user": OPERATOR,
        "_sudo": True,
        "ssh_key": str(project / "ssh/id_ed25519"),
        "ssh_known_hosts_file": str(project / "known_hosts"),
        "ssh_strict_host_key_checking": "yes",
        "objects": str(folder / "objects.json"),
    }
    (folder / "inventory.py").write_text(f"servers = [('127.0.0.1', {data!r})]\n", encoding="utf-8")
    return [str(PYINFRA), "-y", str(folder / "inventory.py"), str(ROOT / "tests/bench/pyinfra_deploy.py")]


def run_pyinfra(command: list[str]) -> float:
    outcome = run(command)
    assert "No changes" in outcome.output or "Changed: 0" in outcome.output.replace("\x1b[0m", ""), outcome
    return outcome.seconds


def measure(bench: Bench) -> Result:
    rounds = 5 if bench.short else 15
    inventory = bench.deployed.inventory
    folder = inventory.parents[1]
    playbook = folder / "raw.yml"
    playbook.write_text(ONE_RAW_TASK, encoding="utf-8")
    contenders = {RAW: lambda: run_raw(inventory, playbook), DEPLOY: lambda: run_deploy(inventory)}
    if PYINFRA.exists():
        command = pyinfra_files(bench, folder)
        contenders[PEER] = lambda: run_pyinfra(command)
    take_turns(1, contenders)  # opens the connections, fills the caches
    seconds = take_turns(rounds, contenders)
    goals = [Goal("deploy.yml against one raw task", ratio(seconds, DEPLOY, RAW), 1.5)]
    if PEER in seconds:
        goals.append(Goal("deploy.yml against pyinfra", ratio(seconds, DEPLOY, PEER), 1.0))
    listed = "\n".join(f"- {goal}" for goal in goals)
    return Result(f"{METHOD}\n{table(seconds, RAW)}\n\n{rounds} rounds.\n\n{listed}", goals)
