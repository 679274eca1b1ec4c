"""The auditors' figures as the tables of docs/security.md, and whether the goals are reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.audits.docker_points import MET, NOT_APPLICABLE, NOT_MET, POINTS, WHY
from tests.sandbox.playbook import ROOT

PAGE = ROOT / "docs/security.md"
BEGIN, END = "<!-- figures: python -m tests.audits -->", "<!-- end of the figures -->"
COLUMNS = ("bare", "now", "strict", "machine")
HEADINGS = {
    "bare": "bare server",
    "now": "after a deploy",
    "strict": "with `baseline_strict`",
    "machine": "the same, on a machine",
}
LYNIS_GOAL = 85

# What lynis misses, and why it is left so; the rest is told by the count alone.
LYNIS_WHY = {
    "SSH-7408": "22 is where clients look; `fab tunnel` and ProxyJump forward; Ansible and verify share one connection",
    "USB-3000": "a virtual server has no USB ports to guard",
    "FINT-4350": "`baseline_strict` installs aide",
    "KRNL-6000": "a container has its host's kernel; Docker needs forwarding, and modules that it loads later",
    "AUTH-9262": "passwords are locked, keys alone get in; `baseline_strict` installs libpam-passwdqc",
    "FILE-6344": "hidepid is not supported by systemd: logind and polkit break",
    "MALW-3280": "a malware scanner looks for Windows' malware in files that nobody uploads to the host",
    "HRDN-7230": "the same scanner, counted once more",
    "FILE-6310": "one disk, one file system: a VPS as it comes",
    "FILE-6430": "squashfs is snap's, and udf what some clouds hand their settings over with",
    "FILE-6374": "mount options of file systems that the provider has made",
    "FIRE-4508": "the firewall drops in a table of its own; lynis looks at the policy of iptables' chain INPUT alone",
    "LOGG-2154": "where logs go is the user's choice",
    "TOOL-5190": "the firewall limits the rate on 22, and passwords are off; lynis knows fail2ban alone",
    "DEB-0880": "fail2ban would ban a controller whose operator is not there yet, or that offers too many keys",
    "DEB-0280": "`baseline_strict` installs libpam-tmpdir",
    "DEB-0810": "apt-listbugs asks on a terminal, and updates are unattended",
    "DEB-0811": "changes are listed for people who watch an update; `baseline_strict` installs apt-listchanges",
    "DEB-0831": "needrestart needs an assembler and a linker on the server, for which lynis takes points in turn",
    "PKGS-7370": "debsums trusts the lists that lie beside the files; aide has its own",
    "AUTH-9286": "sshd turns a key away whose user's password has expired; `baseline_strict` has them expire",
    "AUTH-9328": "with a umask of 027, system users cannot read what root unpacks or fetches, a key of apt for one",
    "SSH-7440": "who else logs in is not known; `baseline_strict` lets the operator in alone",
    "ACCT-9622": "a record for each process fills the disk where containers are asked for their health",
    "ACCT-9628": "`baseline_strict` installs auditd; it does not run in a container",
    "MACF-6290": "AppArmor is the kernel's, and this container's has none",
}


def missed(figures: Mapping[str, Any]) -> list[str]:
    """The goals that are not reached."""
    found = []
    if figures["lynis"] < LYNIS_GOAL:
        found.append(f"lynis {figures['lynis']}, at least {LYNIS_GOAL}")
    found += [f"ssh-audit: {line}" for line in [*figures["ssh_fail"], *figures["ssh_warn"]]]
    unexplained = [number for number in figures["docker"].get(NOT_MET, []) if number not in WHY]
    found += [f"CIS Docker {number}: {figures['docker_found'].get(number, '')}" for number in unexplained]
    return found


def text(kept: Mapping[str, Any]) -> str:
    """The tables of all columns that there are."""
    columns = [name for name in COLUMNS if name in kept]
    head = f"| what | {' | '.join(HEADINGS[name] for name in columns)} | goal |"
    lines = [head, "| --- |" + " --- |" * (len(columns) + 1)]

    def row(name: str, values: list[Any], goal: str) -> None:
        lines.append(f"| {name} | {' | '.join(str(value) for value in values)} | {goal} |")

    sets = [kept[name] for name in columns]
    row("lynis, hardening index", [each["lynis"] for each in sets], f"at least {LYNIS_GOAL}")
    row("lynis, warnings", [len(each["lynis_warnings"]) for each in sets], "0")
    row("ssh-audit, fail", [len(each["ssh_fail"]) for each in sets], "0")
    row("ssh-audit, warn", [len(each["ssh_warn"]) for each in sets], "0")
    row("nmap, open ports", [_ports(each["open_ports"]) for each in sets], "22, 80, 443/tcp, 443/udp")
    row("CIS Docker, points met", [_count(each, MET) for each in sets], "all, or explained")
    row("CIS Docker, not met", [_count(each, NOT_MET) for each in sets], "")
    row("CIS Docker, not applicable", [_count(each, NOT_APPLICABLE) for each in sets], "")
    if "now" in kept:
        lines += ["", *_not_met(kept["now"]), "", *_lynis(kept)]
    return "\n".join(lines)


def _ports(found: Mapping[str, list[str]]) -> str:
    kinds = {", ".join(ports) or "none" for ports in found.values()}
    if len(kinds) == 1:
        return kinds.pop()
    return "; ".join(f"{'IPv6' if ':' in name else 'IPv4'} {', '.join(ports)}" for name, ports in found.items())


def _count(figures: Mapping[str, Any], outcome: str) -> Any:
    return len(figures["docker"][outcome]) if figures["docker"] else "no Docker"


def _not_met(figures: Mapping[str, Any]) -> list[str]:
    """A row for each reason; points that share one stand together."""
    titles = {point.number: point.title for point in POINTS}
    reasons: dict[str, list[str]] = {}
    for number in figures["docker"].get(NOT_MET, []):
        reason = WHY.get(number) or f"open: {figures['docker_found'].get(number, '')}"
        reasons.setdefault(reason, []).append(number)
    lines = ["| CIS Docker point that is not met | why |", "| --- | --- |"]
    for reason, numbers in reasons.items():
        what = f"{', '.join(numbers)} {titles[numbers[0]]}" + (" (and so on)" if len(numbers) > 1 else "")
        lines.append(f"| {what} | {reason} |")
    return lines


def _lynis(kept: Mapping[str, Any]) -> list[str]:
    """A row for each test, the dearest first; with the points that a strict server, or machine, still misses."""
    columns = [name for name in COLUMNS[1:] if name in kept]
    missing = [kept[name]["lynis_missing"] for name in columns]
    heads = ["points" if name == "now" else HEADINGS[name] for name in columns]
    lines = [f"| lynis gives not all points for | {' | '.join(heads)} | why |", "| --- " * (len(heads) + 2) + "|"]
    tests = dict.fromkeys(name for each in missing for name in each)
    for name in sorted(tests, key=lambda name: -missing[0].get(name, 0)):
        points = " | ".join(str(each.get(name, 0)) for each in missing)
        lines.append(f"| {name} | {points} | {LYNIS_WHY.get(name.partition(' ')[0], 'open')} |")
    return lines


def write(kept: Mapping[str, Any]) -> None:
    """Puts the tables between the page's marks."""
    before = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)
    assert pattern.search(before), f"{PAGE} has no place for the figures"
    block = f"{BEGIN}\n\n{text(kept)}\n\n{END}"
    PAGE.write_text(pattern.sub(lambda _: block, before), encoding="utf-8")
