"""What the benchmarks share: a deployed application of their own, runs that take turns, and the page of figures."""

from __future__ import annotations

import datetime
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from tests.sandbox.playbook import ROOT, Outcome, environment, temporary_folder
from tests.sandbox.project import Project
from tests.sandbox.server import Server

PAGE = ROOT / "docs/benchmarks.md"
REPOSITORY = "acme/microblog-benchmark"
BUILDER = "vps-2"
# Above this load, others have the processors: figures are for comparison inside one run only.
QUIET_LOAD = 1.5


@dataclass(frozen=True)
class Goal:
    """A figure and what it may be at most."""

    name: str
    value: float
    limit: float
    unit: str = "x"

    @property
    def reached(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        state = "reached" if self.reached else "MISSED"
        return f"{self.name}: {self.value:.2f} {self.unit} (at most {self.limit:g} {self.unit}): {state}"


@dataclass
class Result:
    """What a benchmark found: Markdown for docs/benchmarks.md, and the goals."""

    text: str
    goals: list[Goal] = field(default_factory=list)


@dataclass
class Bench:
    """What a benchmark is given: the server that is its own, and how thorough it is to be."""

    short: bool = False
    server_name: str = "vps-4"

    @cached_property
    def server(self) -> Server:
        sandbox("up", BUILDER, self.server_name)
        return Server(self.server_name)

    @cached_property
    def project(self) -> Project:
        """Microblog (web x2, worker x2, three data services) in an inventory with this server; its image is built."""
        folder = temporary_folder("slipway-benchmark-")
        made = Project(folder, app=[self.server.name])
        # pyinfra's SSH client (paramiko) has no post-quantum key exchange, which is all that a server offers by default.
        made.settings(baseline_ssh_classical_exchange=True)
        made.add("microblog", image=f"{{{{ registry_server }}}}/{REPOSITORY}")
        made.build().succeeded()
        return made

    @cached_property
    def deployed(self) -> Project:
        """The same, with the application live on the server."""
        self.project.deploy().succeeded()
        self.project.deploy().succeeded().says("Nothing to do.")
        return self.project


def sandbox(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "sandbox", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def run(command: list[str], cwd: Path = ROOT, **variables: str) -> Outcome:
    """Runs a command as a person in the checkout would; AssertionError with its output when it fails."""
    begun = time.monotonic()
    result = subprocess.run(
        command,
        cwd=cwd,
        env=environment() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(" ".join(command), result.returncode, result.stdout, time.monotonic() - begun).succeeded()


def take_turns(rounds: int, contenders: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """The seconds of each contender in each round; in every round each has its turn, so that all meet the same load."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            seconds[name].append(contender())
    return seconds


def ratio(seconds: Mapping[str, list[float]], name: str, base: str) -> float:
    """The median, over the rounds, of how much longer `name` took than `base`."""
    return statistics.median(one / other for one, other in zip(seconds[name], seconds[base], strict=True))


def table(seconds: Mapping[str, list[float]], base: str, heading: str = "what") -> str:
    """A Markdown table with median, least and most seconds of each contender, and the ratio to `base`."""
    lines = [f"| {heading} | median s | least s | most s | x {base} |", "| --- | --- | --- | --- | --- |"]
    for name, values in seconds.items():
        shown = "" if name == base else f"{ratio(seconds, name, base):.2f}"
        lines.append(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} | {shown} |")
    return "\n".join(lines)


@lru_cache(maxsize=1)
def machine() -> str:
    """The machine in a line."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    gigabytes = int(memory[1]) / 1024**2 if memory else 0
    return f"{os.cpu_count()} x {cpu[1].strip() if cpu else platform.machine()}, {gigabytes:.0f} GB, {system}"


def load() -> float:
    return os.getloadavg()[0]


def write_section(name: str, title: str, text: str, command: str, load_before: float) -> None:
    """Puts a section into docs/benchmarks.md, in the place of the one that an earlier run wrote."""
    begin, end = f"<!-- {name}: written by {command} -->", f"<!-- end of {name} -->"
    now = datetime.datetime.now(datetime.UTC)
    quiet = "a quiet machine" if load_before < QUIET_LOAD else "a machine that others used too: ratios count"
    taken = f"*{now:%Y-%m-%d}, `{command}`, {machine()}; load {load_before:.1f} before it ({quiet}).*"
    section = f"{begin}\n## {title}\n\n{taken}\n\n{text.strip()}\n\n{end}"
    page = PAGE.read_text(encoding="utf-8")
    old = re.compile(rf"<!-- {re.escape(name)}: .*?{re.escape(end)}", re.DOTALL)
    page = old.sub(lambda _: section, page) if old.search(page) else f"{page.rstrip()}\n\n{section}\n"
    PAGE.write_text(page, encoding="utf-8")
