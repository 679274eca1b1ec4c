"""Runs the auditors that security people run against a server, and reads their figures. None of their code is here."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from docker.models.containers import Container

from plugins.module_utils.baseline_strict import WATCH_SERVICE
from sandbox import names
from tests.audits import machine
from tests.audits.docker_points import MET, NOT_APPLICABLE, NOT_MET, POINTS
from tests.sandbox.server import Server

LYNIS = ("/usr/sbin/lynis", "/usr/share/lynis", "/etc/lynis")
FACTS = Path(__file__).with_name("docker_facts.py")
_LYNIS_TEST = re.compile(r"Performing test ID (\S+) \((.*)\)")
_LYNIS_SYSCTL = re.compile(r"sysctl key (\S+) has a different value than expected")
_LYNIS_POINTS = re.compile(r"Currently having (\d+) points \(out of (\d+)\)")


@dataclass
class Figures:
    """What the auditors say of one state of a server."""

    lynis: int = 0
    lynis_warnings: list[str] = field(default_factory=list)
    lynis_points: list[int] = field(default_factory=list)
    lynis_missing: dict[str, int] = field(default_factory=dict)
    lynis_sysctl: list[str] = field(default_factory=list)
    ssh_fail: list[str] = field(default_factory=list)
    ssh_warn: list[str] = field(default_factory=list)
    open_ports: dict[str, list[str]] = field(default_factory=dict)
    docker: dict[str, list[str]] = field(default_factory=dict)
    docker_found: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def audit(server: Server, has_docker: bool = True) -> Figures:
    """All auditors, one after the other."""
    figures = Figures()
    with machine.auditor() as outside:
        figures.open_ports = nmap(outside, server.what.address, udp=True)
        ssh_audit(outside, server.what.address, figures)
        lynis(outside, server, figures)
    if has_docker:
        docker_points(server, figures)
    return figures


def nmap(outside: Container, address: str, udp: bool = False, last: int = 65535) -> dict[str, list[str]]:
    """Open ports of both of a server's addresses, as nmap sees them; TCP ports up to `last`."""
    found = {}
    for each in (address, names.ipv6(address)):
        family = ["-6"] if ":" in each else []
        # A firewall that drops packets makes nmap as slow as it may be.
        options = ["-n", "-Pn", "--max-retries", "1", "--min-rate", "5000", "-oX", "-"]
        text = machine.run(outside, "nmap", *family, *options, "-p", f"1-{last}", "-T4", each)
        if udp:
            text_udp = machine.run(outside, "nmap", *family, *options, "-sU", "-p", "53,123,161,443,5353", each)
        found[each] = [*_open(text), *(_open(text_udp) if udp else [])]
    return found


def _open(xml: str) -> list[str]:
    return [
        f"{port.get('portid')}/{port.get('protocol')}"
        for port in ElementTree.fromstring(xml).iter("port")
        if (state := port.find("state")) is not None and state.get("state") == "open"
    ]


def ssh_audit(outside: Container, address: str, figures: Figures) -> None:
    """The package of this environment, run there: a server punishes who connects as often as an auditor does."""
    found = importlib.util.find_spec("ssh_audit")
    assert found and found.origin, "the package ssh-audit is missing: make setup"
    machine.put(outside, Path(found.origin).parent, "/opt")
    command = ["python3", "-m", "ssh_audit.ssh_audit", "--skip-rate-test", "-j", address]
    _code, output = outside.exec_run(command, workdir="/opt")
    report = json.loads(output[output.index(b"{") :])
    for kind in ("kex", "key", "enc", "mac"):
        for entry in report.get(kind, []):
            notes = entry.get("notes") or {}
            figures.ssh_fail += [f"{entry['algorithm']}: {note}" for note in notes.get("fail", [])]
            figures.ssh_warn += [f"{entry['algorithm']}: {note}" for note in notes.get("warn", [])]


def lynis(outside: Container, server: Server, figures: Figures) -> None:
    """Runs it on the server from a folder of its own, so that its package does not count as the server's.

    Its profile lies in that folder and is not named: a named one does not count as the default, whose kernel settings
    lynis compares. A strict server's first night is over when its files have been looked at once.
    """
    server.ssh(f"systemctl start {WATCH_SERVICE}", timeout=900)
    packed = outside.exec_run(["tar", "-C", "/", "-c", *(path.lstrip("/") for path in LYNIS)]).output
    folder = "/root/lynis"
    subprocess.run(server.as_root(f"mkdir -p {folder} && tar -C {folder} -x"), input=packed, check=True)
    options = f"--quick --no-colors --plugindir {folder}/etc/lynis/plugins"
    files = f"--logfile {folder}/log --report-file {folder}/report"
    server.run(f"cp {folder}/etc/lynis/default.prf {folder}/usr/share/lynis/")
    try:
        server.ssh(f"cd {folder}/usr/share/lynis && ../../sbin/lynis audit system {options} {files}", timeout=900)
        report, log = server.run(f"cat {folder}/report"), server.run(f"cat {folder}/log")
    finally:
        server.run(f"rm -rf {folder}")
    values = [line.partition("=")[::2] for line in report.splitlines()]
    figures.lynis = next(int(value) for name, value in values if name == "hardening_index")
    figures.lynis_warnings = [value.replace("|", " ").strip(" -") for name, value in values if name == "warning[]"]
    figures.lynis_points = [int(number) for number in _LYNIS_POINTS.findall(log)[-1]]
    figures.lynis_missing = missing_points(log)
    figures.lynis_sysctl = sorted(set(_LYNIS_SYSCTL.findall(log)))


def missing_points(log: str) -> dict[str, int]:
    """Points that lynis did not give, by test."""
    test, before, missing = "", (0, 0), {}
    for line in log.splitlines():
        named, counted = _LYNIS_TEST.search(line), _LYNIS_POINTS.search(line)
        if named:
            test = f"{named[1]} {named[2]}"
        if counted:
            now = int(counted[1]), int(counted[2])
            lost = (now[1] - before[1]) - (now[0] - before[0])
            if lost > 0:
                missing[test] = missing.get(test, 0) + lost
            before = now
    return dict(sorted(missing.items(), key=lambda item: -item[1]))


def docker_points(server: Server, figures: Figures) -> None:
    facts = json.loads(server.run("python3 -", FACTS.read_text(encoding="utf-8")))
    figures.docker = {MET: [], NOT_MET: [], NOT_APPLICABLE: []}
    for point in POINTS:
        outcome, found = point.outcome(facts)
        figures.docker[outcome].append(point.number)
        if found:
            figures.docker_found[point.number] = found
