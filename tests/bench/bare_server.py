"""From a bare server to the verified application: deploy.yml against a shell script that does the same by hand."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from itertools import pairwise
from pathlib import Path

from sandbox import keys
from tests.bench.common import Bench, Goal, Result, ratio, run, table, take_turns

TITLE = "From a bare server to the verified application"
SHORT = False
ORDER = 90

SCRIPT = Path(__file__).with_name("bare_server.sh")
SHELL, DEPLOY = "bare_server.sh", "deploy.yml"
CONFIGURATION = (
    "etc/docker/daemon.json etc/docker/certs.d etc/apt/sources.list.d/docker.sources etc/apt/keyrings"
    " etc/sudoers.d/60-slipway etc/ssh/sshd_config.d/00-slipway.conf etc/sysctl.d/60-slipway.conf etc/issue etc/issue.net"
    " etc/slipway/firewall.nft etc/systemd/system/slipway-firewall.service etc/systemd/journald.conf.d etc/modprobe.d"
    " etc/systemd/coredump.conf.d etc/security/limits.d etc/profile.d etc/apt/apt.conf.d/52slipway-upgrades"
    " var/lib/slipway/proxy var/lib/slipway/microblog/services var/lib/slipway/microblog/releases"
)
METHOD = """\
The server is reset to bare Debian 13 (sshd alone, no Python) before each run; the image is in the registry, all
packages and images come from the sandbox. The script (tests/bench/bare_server.sh) goes over one SSH connection: apt,
the operator, the files of sshd, kernel and firewall put to use, Docker from the same repository with the same
daemon.json, a hello-world container, login, proxy, data services, image, migration, processes, a few checks.
deploy.yml does so with plan, lock, journal, ledger, a way back from a lock-out, and its full verification.
"""


def prepare(bench: Bench) -> str:
    """The script with the files of a server that Slipway has deployed to."""
    bench.server.reset()
    project = bench.project
    project.deploy().succeeded()
    server = bench.server
    release = server.live("microblog")
    image = server.inspect(f"microblog-r{release}-web-1")["Config"]["Image"]
    password = re.search(r"^vault_registry_password: *(\S+)", _vault(bench), re.MULTILINE)
    assert password, "the inventory's vault.yml has no vault_registry_password"
    server.run("umask 077 && cat >/root/password", password[1].strip("'\""))
    files = server.run(f"tar -C / -cz {CONFIGURATION} root/password | base64")
    return f"image={image} release={release}\n{SCRIPT.read_text(encoding='utf-8')}{files}\n"


def _vault(bench: Bench) -> str:
    return (bench.project.inventory / "group_vars/all/vault.yml").read_text(encoding="utf-8")


def run_script(bench: Bench, text: str, steps: dict[str, list[float]]) -> float:
    """Runs the script on the bare server; notes how long each of its steps took."""
    bench.server.reset()
    begun = time.monotonic()
    command = [*keys.ssh_command(bench.server.what), "cat >/root/script.sh && bash /root/script.sh"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begun
    assert result.returncode == 0, f"the script failed:\n{result.stdout}\n{result.stderr}"
    marks = [line.split(" ", 2) for line in result.stdout.splitlines() if line.startswith("step ")]
    for (_, start, name), (_, end, _next) in pairwise(marks):
        steps.setdefault(name, []).append(float(end) - float(start))
    return seconds


def run_deploy(bench: Bench) -> float:
    bench.server.reset()
    outcome = run(["ansible-playbook", "-i", str(bench.project.inventory), "playbooks/deploy.yml"])
    print("   " + "\n   ".join(outcome.says("is live").lines), flush=True)
    return outcome.seconds


def measure(bench: Bench) -> Result:
    text = prepare(bench)
    steps: dict[str, list[float]] = {}
    rounds = 1 if bench.short else 3
    seconds = take_turns(rounds, {SHELL: lambda: run_script(bench, text, steps), DEPLOY: lambda: run_deploy(bench)})
    goal = Goal("bare server to verified application", ratio(seconds, DEPLOY, SHELL), 1.3)
    shares = "\n".join(f"| {name} | {statistics.median(values):.1f} |" for name, values in steps.items())
    return Result(
        f"{METHOD}\n{table(seconds, SHELL)}\n\n{rounds} rounds, ratios are their median.\n\n- {goal}\n\n"
        f"Where the script's time goes:\n\n| step | median s |\n| --- | --- |\n{shares}",
        [goal],
    )
