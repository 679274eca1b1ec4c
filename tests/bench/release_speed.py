"""How long a release takes: the whole command, the way back, and the cut-over against the same commands in one shell."""

from __future__ import annotations

import re
import statistics
import subprocess
import time

from sandbox import keys
from sandbox.servers import OPERATOR
from tests.bench.common import Bench, Goal, Result
from tests.bench.fleets import fleet, markdown
from tests.releases.fleet import STATE, Fleet
from tests.sandbox.playbook import Outcome

TITLE = "The time of a release"
SHORT = False
ORDER = 40

# Kamal 2.12 on the same kind of server, web and worker, image on the registry: deploy 4.0 s, rollback 2.8 s.
DEPLOY_GOAL, ROLLBACK_GOAL, SWITCH_GOAL, SHELL_GOAL = 4.0, 2.8, 2.0, 1.25
# The callback's line of a phase: its name, what it did, and on how many hosts in which time.
PHASE = re.compile(r"^(lock|pull|migrate|start|switch|settle) .*\(.*?, ([\d.]+) (m?s)\)$")
# The same in one shell: start the new containers, wait for their health, switch, stop the old ones when they are drained.
SHELL = r"""
set -e
new=$(docker ps --all --quiet --filter label=slipway.app=beacon --filter status=created)
old=$(docker ps --quiet --filter label=slipway.app=beacon --filter label=slipway.process)
docker start $new >/dev/null
for container in $(docker ps --quiet --filter label=slipway.release=$1 --filter label=slipway.process=web); do
    address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' $container)
    until python3 -IS -c "import urllib.request as r; r.urlopen('http://$address:8000/health')" 2>/dev/null; do sleep 0.1; done
done
sleep 1
printf beacon-r$1-web >STATE/proxy/live/beacon/.upstream
mv STATE/proxy/live/beacon/.upstream STATE/proxy/live/beacon/upstream
sleep 0.6
docker stop $old >/dev/null
docker rm $old >/dev/null
""".replace("STATE", STATE)


def seconds_of(outcome: Outcome) -> dict[str, float]:
    """The time of each phase, from the lines that a person sees."""
    found = {}
    for line in outcome.lines:
        match = PHASE.match(line)
        if match:
            found[match[1]] = float(match[2]) / (1000 if match[3] == "ms" else 1)
    return found


def measure(bench: Bench) -> Result:
    rounds = 3 if bench.short else 15
    ours = fleet()
    worker = {"worker": {"entrypoint": ["sleep"], "command": ["infinity"], "init": True}}
    ours.add("beacon", tag="v1", environment={"VERSION": "first"}, processes=worker)
    ours.change("beacon", processes={"web": {"deploy": {"replicas": 1}}})
    ours.deploy(*ours.fast).succeeded()
    whole, back, cutover, to_switch, shell = [], [], [], [], []
    for _ in range(rounds):
        outcome = ours.release("beacon", f"v{time.time_ns()}").succeeded()
        whole.append(outcome.seconds)
        phases = seconds_of(outcome)
        cutover.append(phases["start"] + phases["switch"] + phases["settle"])
        shell.append(in_one_shell(ours))
        outcome = ours.start("rollback", *ours.fast).wait().succeeded()
        back.append(outcome.seconds)
        phases = seconds_of(outcome)
        to_switch.append(sum(phases[name] for name in ("lock", "pull", "start", "switch")))
    ratio = statistics.median(one / other for one, other in zip(cutover, shell, strict=True))
    rows = [
        (name, f"{statistics.median(values):.2f}", f"{min(values):.2f}", f"{max(values):.2f}")
        for name, values in {
            "deploy.yml, whole command": whole,
            "rollback.yml, whole command": back,
            "rollback, from lock to switch": to_switch,
            "start, switch, settle": cutover,
            "the same in one shell over SSH": shell,
        }.items()
    ]
    text = (
        "Beacon with a web and a worker container on one host, its image there, verification switched off, SSH connections "
        "kept open. The last two rows are the cut-over alone, in turns.\n\n"
        + markdown(("what", "median s", "least s", "most s"), rows)
        + f"\n\nA cut-over takes {ratio:.2f} x what the same commands take in one shell. Kamal 2.12 on the same kind of server: "
        f"deploy {DEPLOY_GOAL} s, rollback {ROLLBACK_GOAL} s."
    )
    return Result(
        text,
        [
            Goal("deploy.yml", statistics.median(whole), DEPLOY_GOAL, "s"),
            Goal("rollback.yml", statistics.median(back), ROLLBACK_GOAL, "s"),
            Goal("rollback to the switch", statistics.median(to_switch), SWITCH_GOAL, "s"),
            Goal("cut-over against one shell", ratio, SHELL_GOAL),
        ],
    )


def in_one_shell(ours: Fleet) -> float:
    """Replaces the live containers by fresh ones of the same release, by hand. Returns the seconds of the shell alone."""
    host, number = ours.first, ours.live("beacon")
    folder = f"{STATE}/beacon/releases/{number}"
    command = [*keys.ssh_command(host.what, OPERATOR)]
    options = ["-o", "ControlMaster=auto", "-o", f"ControlPath={ours.folder / 'shell'}", "-o", "ControlPersist=60s"]
    command[1:1] = options
    subprocess.run([*command, "true"], check=True, timeout=30)
    scale = "--scale web=2 --scale worker=2"
    host.inside(f"docker compose -f {folder}/compose.yaml create --no-recreate --pull never {scale} web worker 2>&1")
    begun = time.monotonic()
    subprocess.run([*command, f"sudo sh -s {number}"], input=SHELL, text=True, check=True, timeout=120)
    return time.monotonic() - begun
