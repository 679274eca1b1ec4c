"""What is asked of a server that is to stand audits, at a price: how its own files have changed, day by day."""

from __future__ import annotations

from pathlib import Path

from .baseline_files import OWN, PlainFile

WATCH_SERVICE, WATCH_TIMER = "slipway-file-watch.service", "slipway-file-watch.timer"
UNITS = Path("/etc/systemd/system")
DATABASE = "/var/lib/aide/aide.db"
CONFIGURATION = "/etc/aide/aide.conf"
# Programs, settings and keys; not what services and Docker write all day.
WATCHED = (
    "/boot",
    "/etc",
    "/root/[.]ssh",
    "/home/[^/]+/[.]ssh",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/lib/systemd",
)


def watched_files() -> PlainFile:
    """aide.conf(5); the syntax is that of aide 0.17, which Ubuntu 22.04 has, and of every later one."""
    lines = [f"{path} Whole" for path in WATCHED]
    text = f"""\
# {OWN}
database_in=file:{DATABASE}
database_out=file:{DATABASE}.new
database_attrs=sha256
Whole = p+u+g+s+acl+xattrs+sha256
"""
    return PlainFile(Path(CONFIGURATION), text + "\n".join(lines) + "\n")


def watch_service() -> PlainFile:
    """Says in the journal what has changed since the run before, and takes it for known; the first run begins it.

    aide(1), exit status: up to 7 it is what has been found, above it an error.
    """
    aide = f"/usr/bin/aide --config={CONFIGURATION}"
    text = f"""\
# {OWN}
[Unit]
Description=What has changed of this server's programs, settings and keys

[Service]
Type=oneshot
Nice=19
IOSchedulingClass=idle
StateDirectory=aide
StateDirectoryMode=0700
UMask=0077
ExecStart=/bin/sh -c 'if [ -e {DATABASE} ]; then exec {aide} --update; else exec {aide} --init; fi'
ExecStartPost=/bin/mv --force {DATABASE}.new {DATABASE}
SuccessExitStatus=1 2 3 4 5 6 7
"""
    return PlainFile(UNITS / WATCH_SERVICE, text, ("systemctl", "daemon-reload"))


def watch_timer() -> PlainFile:
    text = f"""\
# {OWN}
[Unit]
Description=Watches this server's programs, settings and keys, daily

[Timer]
OnCalendar=daily
RandomizedDelaySec=2h
Persistent=true

[Install]
WantedBy=timers.target
"""
    return PlainFile(UNITS / WATCH_TIMER, text, ("systemctl", "enable", "--now", WATCH_TIMER))


def strict_files() -> list[PlainFile]:
    return [watched_files(), watch_service(), watch_timer()]
