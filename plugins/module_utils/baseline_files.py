"""The plain configuration files of a hardened server; which of them, the switches decide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OWN = "Written by Slipway (role baseline); a change by hand is lost when the role runs again."
# A new engine restarts containers or brings what nobody tried here: it comes when the inventory says so.
DOCKER_PACKAGES = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin")
# CIS Docker Benchmark, 1.1.3 to 1.1.18, and what decides who is root here.
AUDITED = (
    "/usr/bin/dockerd",
    "/usr/bin/containerd",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/runc",
    "/run/containerd",
    "/var/lib/docker",
    "/etc/docker",
    "/etc/containerd/config.toml",
    "/etc/default/docker",
    "/usr/lib/systemd/system/docker.service",
    "/usr/lib/systemd/system/docker.socket",
    "/run/docker.sock",
    "/var/lib/slipway",
    "/etc/slipway",
    "/etc/sudoers.d",
    "/etc/ssh",
)
# Files that root alone needs to read (CIS Debian Benchmark, 2.4.1 and 5.1.1), with their modes.
MODES = {
    "/etc/crontab": 0o600,
    "/etc/cron.hourly": 0o700,
    "/etc/cron.daily": 0o700,
    "/etc/cron.weekly": 0o700,
    "/etc/cron.monthly": 0o700,
    "/etc/cron.d": 0o700,
    "/etc/ssh/sshd_config": 0o600,
}


@dataclass(frozen=True)
class PlainFile:
    """A file, and the command that makes its change count."""

    path: Path
    text: str
    apply: tuple[str, ...] = ()
    mode: int = 0o644


def upgrades(reboot: str) -> PlainFile:
    """Security updates by themselves (unattended-upgrades; the distribution's own origins), Docker's packages apart."""
    kept = "".join(f'    "^{re.escape(name)}$";\n' for name in DOCKER_PACKAGES)
    text = f"""\
// {OWN}
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Package-Blacklist {{
{kept}}};
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Automatic-Reboot "{"true" if reboot else "false"}";
Unattended-Upgrade::Automatic-Reboot-Time "{reboot or "now"}";
"""
    return PlainFile(Path("/etc/apt/apt.conf.d/52slipway-upgrades"), text)


def journal(size: str) -> PlainFile:
    """Logs that survive a reboot, and do not fill the disk."""
    text = f"# {OWN}\n[Journal]\nStorage=persistent\nCompress=yes\nSystemMaxUse={size}\nSystemKeepFree=1G\n"
    restart = ("systemctl", "restart", "systemd-journald.service")
    return PlainFile(Path("/etc/systemd/journald.conf.d/60-slipway.conf"), text, restart)


def core_dumps() -> list[PlainFile]:
    """None: a core holds whatever the program held, secrets among it."""
    return [
        # Hard and soft at once; root is not among everybody (limits.conf(5)).
        PlainFile(Path("/etc/security/limits.d/60-slipway.conf"), f"# {OWN}\n* - core 0\nroot - core 0\n"),
        PlainFile(Path("/etc/profile.d/slipway-core.sh"), f"# {OWN}\nulimit -c 0\n"),
        PlainFile(
            Path("/etc/systemd/coredump.conf.d/60-slipway.conf"),
            f"# {OWN}\n[Coredump]\nStorage=none\nProcessSizeMax=0\n",
        ),
    ]


def quiet_login() -> list[PlainFile]:
    """Nothing before a login that names the system and its version."""
    text = "A private system: authorized access only. Connections are logged, and what is done here is monitored.\n"
    return [PlainFile(Path("/etc/issue"), text), PlainFile(Path("/etc/issue.net"), text)]


def shell_timeout(seconds: int) -> PlainFile:
    """A forgotten shell at its prompt ends by itself (CIS Debian Benchmark, 5.4.3.2); what runs in one does not."""
    text = f"""\
# {OWN}
case $- in *i*) [ -n "${{TMOUT:-}}" ] || {{ TMOUT={seconds}; readonly TMOUT; export TMOUT; }} ;; esac
"""
    return PlainFile(Path("/etc/profile.d/slipway-timeout.sh"), text)


def modules(names: list[str]) -> PlainFile:
    """Kernel modules that nothing here needs, and that had holes when they were loaded on somebody's demand."""
    lines = [line for name in names for line in (f"install {name} /bin/false", f"blacklist {name}")]
    return PlainFile(Path("/etc/modprobe.d/60-slipway.conf"), "\n".join([f"# {OWN}", *lines]) + "\n")


def audit() -> PlainFile:
    """Who changed Docker's or Slipway's files; a file that is not there yet is watched by its folder."""
    lines = [f"-w {path} -p wa -k slipway" for path in AUDITED]
    load = ("augenrules", "--load")
    return PlainFile(Path("/etc/audit/rules.d/60-slipway.rules"), "\n".join([f"# {OWN}", *lines]) + "\n", load, 0o640)


def sysctl(lines: list[str]) -> PlainFile:
    return PlainFile(Path("/etc/sysctl.d/60-slipway.conf"), "\n".join([f"# {OWN}", *lines]) + "\n")


def chosen(arguments: Mapping[str, Any], sysctl_lines: list[str], container: bool) -> tuple[list[PlainFile], list[str]]:
    """The files that the switches ask for, and what is left out here, in words."""
    files: list[PlainFile] = []
    skipped = []
    if arguments["upgrades"]:
        files.append(upgrades(str(arguments["upgrades_reboot"])))
    if arguments["journal"]:
        files.append(journal(str(arguments["journal_size"])))
    if not arguments["core_dumps"]:
        files += core_dumps()
    if arguments["quiet_login"]:
        files += quiet_login()
    if sysctl_lines:
        files.append(sysctl(sysctl_lines))
    if int(arguments["shell_timeout"]):
        files.append(shell_timeout(int(arguments["shell_timeout"])))
    if arguments["modules"]:
        files.append(modules(list(arguments["modules"])))
    if arguments["audit"] and Path("/etc/audit/rules.d").is_dir():
        if container:
            skipped.append("audit rules, as a container has its host's kernel")
        else:
            files.append(audit())
    return files, skipped
