"""A server fit for the internet: `settle` does what locks nobody out, `secure_ssh` what could, with a way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import baseline_files, kernel_settings, lockout_guard, login_definitions, operator_account, sshd_settings
from .baseline_files import MODES, PlainFile
from .baseline_strict import strict_files
from .files import write_atomically
from .lockout_guard import GuardedFile, run
from .problem import OperationError

# Either of them keeps the time; a second one would be in its way.
TIME_SERVICES = ("chrony.service", "ntpsec.service", "ntp.service", "openntpd.service", "systemd-timesyncd.service")
TIME_PACKAGE, TIME_SERVICE = "systemd-timesyncd", "systemd-timesyncd.service"


def settle(arguments: dict[str, Any]) -> dict[str, Any]:
    """Brings everything but sshd to the wanted state.

    `actions` says what was done, `skipped` what cannot be had on this server, `diff` how files change.
    """
    check = bool(arguments["check"])
    container = kernel_settings.in_container()
    answer: dict[str, Any] = {"actions": [], "skipped": [], "diff": []}
    try:
        if not check:
            answer["taken_back"] = lockout_guard.take_turns()
        if arguments["operator"]:
            answer["actions"] += operator_account.ensure(
                arguments["operator"], arguments["keys"], arguments["login"], check
            )
        _remove_packages(arguments, answer, check)
        _keep_time(arguments, answer, container, check)
        _kernel_and_files(arguments, answer, container, check)
        _swap(arguments, answer, container, check)
    except OperationError as error:
        return {"failed": True, "msg": error.message, "log": error.log}
    return answer | {"changed": bool(answer["actions"])}


def _remove_packages(arguments: dict[str, Any], answer: dict[str, Any], check: bool) -> None:
    names = arguments["removed_packages"]
    if not names:
        return
    shown = run(["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names], check=False).stdout
    there = [line.split()[0] for line in shown.splitlines() if line.endswith(" installed")]
    if there:
        answer["actions"].append(f"removed {', '.join(there)}")
        if not check:
            run(["apt-get", "purge", "--yes", "--option", "DPkg::Lock::Timeout=120", *there])


def _keep_time(arguments: dict[str, Any], answer: dict[str, Any], container: bool, check: bool) -> None:
    if not arguments["time"]:
        return
    if container:
        answer["skipped"].append("time synchronisation, as a container has its host's clock")
        return
    shown = run(["systemctl", "is-enabled", *TIME_SERVICES], check=False).stdout.split()
    if "enabled" in shown:
        return
    answer["actions"].append("time synchronisation")
    if not check:
        if not Path("/lib/systemd/system", TIME_SERVICE).exists():
            run(["apt-get", "install", "--yes", "--no-install-recommends", TIME_PACKAGE])
        run(["systemctl", "enable", "--now", TIME_SERVICE])


def _kernel_and_files(arguments: dict[str, Any], answer: dict[str, Any], container: bool, check: bool) -> None:
    kernel = kernel_settings.plan_settings(arguments["sysctl"], container)
    files, skipped = baseline_files.chosen(arguments, kernel.lines, container)
    files += strict_files() if arguments["strict"] else []
    files += _login_definitions(arguments["login_settings"])
    changed = [file for file in files if _differs(file)]
    answer["diff"] += [
        {
            "before": _read(file.path),
            "after": file.text,
            "before_header": str(file.path),
            "after_header": str(file.path),
        }
        for file in changed
    ]
    answer["actions"] += [str(file.path) for file in changed]
    if kernel.now:
        answer["actions"].append(f"{len(kernel.now)} kernel settings")
    modes = [name for name, mode in MODES.items() if arguments["file_modes"] and _mode(name) not in (None, mode)]
    answer["actions"] += [f"mode of {name}" for name in modes]
    if not check:
        for file in changed:
            write_atomically(file.path, file.text, file.mode)
        for command in dict.fromkeys(file.apply for file in changed if file.apply):
            run(list(command), check=False)
        kernel_settings.apply(kernel)
        for name in modes:
            Path(name).chmod(MODES[name])
    answer["skipped"] += kernel.skipped + skipped


def _login_definitions(wanted: dict[str, str]) -> list[PlainFile]:
    """The distribution's file with the wanted settings; a server without it has no program that would read them."""
    before = _read(login_definitions.PATH)
    return [PlainFile(login_definitions.PATH, login_definitions.edited(before, wanted))] if before and wanted else []


def _swap(arguments: dict[str, Any], answer: dict[str, Any], container: bool, check: bool) -> None:
    if not arguments["swap"]:
        return
    megabytes = int(arguments["swap_megabytes"])
    wanted, reason = kernel_settings.plan_swap(megabytes, container)
    if wanted and not check:
        reason = kernel_settings.make_swap(megabytes)
    if reason:
        answer["skipped"].append(reason)
    elif wanted:
        answer["actions"].append(f"{megabytes} MB of swap")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _mode(name: str) -> int | None:
    path = Path(name)
    return path.stat().st_mode & 0o777 if path.exists() else None


def _differs(file: PlainFile) -> bool:
    return _read(file.path) != file.text


def secure_ssh(arguments: dict[str, Any]) -> dict[str, Any]:
    """Brings sshd to the wanted state, with a way back; `armed` says that it waits to be confirmed."""
    try:
        if not arguments["check"]:
            lockout_guard.take_turns()
        text = sshd_settings.wanted_text(arguments["options"], arguments["classical"]) if arguments["enabled"] else None
        files = [GuardedFile(sshd_settings.DROP_IN, text)]
        files += operator_account.wanted_keys(arguments["operator"], arguments["keys"])
        answer = {"diff": lockout_guard.differences(files), "armed": False}
        if arguments["check"] or not any(file.differs for file in files):
            return answer | {"changed": any(file.differs for file in files)}
        if text is not None:
            sshd_settings.validate(text)
        lockout_guard.arm(files, int(arguments["seconds"]))
        lockout_guard.write(files)
        lost = sshd_settings.ignored(text) if text is not None else []
        if lost:
            expected = f"`Include {sshd_settings.DROP_IN.parent}/*.conf` before all else in {sshd_settings.MAIN}"
            raise OperationError(f"sshd does not follow the new {', '.join(lost)}: put {expected}")
        run(["systemctl", "try-reload-or-restart", "ssh.service"])
    except OperationError as error:
        lockout_guard.put_back()
        return {"failed": True, "msg": error.message, "log": error.log}
    return answer | {"changed": True, "armed": True}
