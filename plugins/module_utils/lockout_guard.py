"""A change of how a server is reached, with a way back: unless it is confirmed in time over a new connection, the files
of before are put back, by a timer and, after a crash, at the next start, before anybody could be locked out.

What is in /var/lib/slipway/server/lockout-guard: `pending` while a change waits to be confirmed, `files`
(one line a file: its mode, owner, the name of its copy or `-` where there was none, its path), the copies, and the
script that puts them back.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .files import sync_folder, write_atomically
from .problem import OperationError

FOLDER = Path("/var/lib/slipway/server/lockout-guard")
SERVICE = Path("/etc/systemd/system/slipway-lockout-guard.service")
TIMER = "slipway-lockout-guard-timer"

# A rename decides who comes first, the one who confirms or the one who puts back.
RESTORE = """\
#!/bin/sh
# Puts back the settings of SSH and the firewall that were there before a change that nobody has confirmed.
set -u
cd {folder} || exit 1
[ -e restoring ] || mv pending restoring 2>/dev/null || exit 0
while read -r mode owner copy path; do
    if [ "$copy" = - ]; then
        rm -f "$path"
    else
        cp "$copy" "$path.old" && chmod "$mode" "$path.old" && chown "$owner" "$path.old" && mv "$path.old" "$path"
    fi
done <files
sync
systemctl --no-block try-reload-or-restart ssh.service
if [ -e /etc/slipway/firewall.nft ]; then
    systemctl --no-block reload-or-restart slipway-firewall.service
elif systemctl --quiet is-active slipway-firewall.service; then
    systemctl --no-block stop slipway-firewall.service
fi
mv restoring restored
systemctl --no-block stop {timer}.timer 2>/dev/null
logger -t slipway "the settings of before are back, as nobody confirmed the new ones" 2>/dev/null
exit 0
"""
# Again without harm: the connection may break after the first time.
CONFIRM = (
    f"{{ mv {FOLDER}/pending {FOLDER}/confirmed 2>/dev/null || [ -e {FOLDER}/confirmed ]; }}"
    f" && {{ systemctl stop {TIMER}.timer 2>/dev/null || true; }}"
)
TAKE_BACK = f"sh {FOLDER}/restore.sh; [ -e {FOLDER}/restored ]"
# A run at work confirms within this time; one that does not is gone.
OTHER_RUN_SECONDS = 20.0

UNIT = """\
# Written by Slipway: takes back a change of SSH or the firewall that was never confirmed.
[Unit]
Description=Slipway: put back the settings that let the administrator in
DefaultDependencies=no
After=local-fs.target
Before=ssh.service ssh.socket slipway-firewall.service network-pre.target
ConditionPathExists=|{folder}/pending
ConditionPathExists=|{folder}/restoring

[Service]
Type=oneshot
ExecStart=/bin/sh {folder}/restore.sh

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class GuardedFile:
    """A file of the change: its new text, None for a file that is to go."""

    path: Path
    text: str | None
    mode: int = 0o644
    owner: tuple[int, int] | None = None

    @property
    def before(self) -> str | None:
        return self.path.read_text(encoding="utf-8", errors="replace") if self.path.is_file() else None

    @property
    def differs(self) -> bool:
        return self.before != self.text


def run(command: Sequence[str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a program. Raises OperationError with its last line when it fails and `check` is set."""
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    environment = {**os.environ, "LC_ALL": "C", "PATH": path, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if check and result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or f"code {result.returncode}").splitlines()
        raise OperationError(f"{' '.join(command[:3])}: {lines[-1]}", result.stderr)
    return result


def put_back(folder: Path = FOLDER) -> bool:
    """Takes back a change that was never confirmed; whether there was one."""
    if not (folder / "pending").exists() and not (folder / "restoring").exists():
        return False
    run(["sh", str(folder / "restore.sh")])
    return True


def take_turns(folder: Path = FOLDER, patience: float = OTHER_RUN_SECONDS) -> bool:
    """Lets another run confirm what it has changed; what is not confirmed by then is taken back. Whether it was."""
    deadline = time.monotonic() + patience
    while (folder / "pending").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    return put_back(folder)


def arm(files: Sequence[GuardedFile], seconds: int, folder: Path = FOLDER, service: Path = SERVICE) -> None:
    """Keeps the files as they are, and has them put back after `seconds` unless the change is confirmed."""
    put_back(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    lines = []
    for number, file in enumerate(files):
        if file.before is None:
            lines.append(f"- - - {file.path}\n")
            continue
        shutil.copyfile(file.path, folder / str(number))
        found = file.path.stat()
        lines.append(f"{found.st_mode & 0o777:04o} {found.st_uid}:{found.st_gid} {number} {file.path}\n")
    write_atomically(folder / "files", "".join(lines))
    write_atomically(folder / "restore.sh", RESTORE.format(folder=folder, timer=TIMER), 0o700)
    if write_atomically(service, UNIT.format(folder=folder), 0o644):
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "enable", "--quiet", service.name])
    start_timer(seconds, service)
    write_atomically(folder / "pending", f"{seconds}\n")


def start_timer(seconds: int, service: Path) -> None:
    run(["systemctl", "stop", f"{TIMER}.timer"], check=False)
    run(["systemctl", "reset-failed", f"{TIMER}.service"], check=False)
    timer = ["systemd-run", "--quiet", f"--unit={TIMER}", f"--on-active={seconds}", "--timer-property=AccuracySec=1s"]
    run([*timer, "systemctl", "start", service.name])


def write(files: Sequence[GuardedFile]) -> None:
    """Writes the new files; a restart of the machine finds them whole, or those of before."""
    for file in files:
        if file.text is None:
            file.path.unlink(missing_ok=True)
            sync_folder(file.path.parent)
        else:
            write_atomically(file.path, file.text, file.mode)
            if file.owner:
                os.chown(file.path, *file.owner)


def differences(files: Sequence[GuardedFile]) -> list[dict[str, str]]:
    """How the files change, as Ansible shows it."""
    return [
        {
            "before": file.before or "",
            "after": file.text or "",
            "before_header": str(file.path),
            "after_header": f"{file.path} ({file.mode:04o})" if file.text is not None else "/dev/null",
        }
        for file in files
        if file.differs
    ]


def candidate(text: str) -> str:
    """Path of a temporary file with `text`, for a program that checks it; the caller removes it."""
    with tempfile.NamedTemporaryFile("w", prefix="slipway-", delete=False, encoding="utf-8") as file:
        file.write(text)
    return file.name
