"""The kernel's settings, the modules that it is not to load, and swap: each said and left out where a server cannot."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .lockout_guard import run
from .problem import OperationError

PROC = Path("/proc/sys")
CONF = re.compile(r"net\.(ipv4|ipv6)\.conf\.default\.(\w+)")
SWAP_FILE = Path("/swapfile")
FSTAB = Path("/etc/fstab")
# Above it, a server does without swap.
SMALL_KIBIBYTES = 2 * 1024 * 1024


def in_container() -> bool:
    """Whether this system shares its host's kernel (systemd's container interface, /run/systemd/container)."""
    return Path("/run/systemd/container").exists()


@dataclass
class KernelPlan:
    """`lines` go into the file that is read at boot, `now` is what is set at once, `skipped` says what is not."""

    lines: list[str] = field(default_factory=list)
    now: list[tuple[Path, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def setting_path(name: str, proc: Path = PROC) -> Path:
    return proc / name.replace(".", "/")


def read(path: Path) -> str | None:
    try:
        return " ".join(path.read_text(encoding="ascii").split())
    except OSError:
        return None


def plan_settings(wanted: Mapping[str, str], container: bool, proc: Path = PROC) -> KernelPlan:
    """What of the wanted settings this kernel has, and a container may set: those of the network, which are its own."""
    plan = KernelPlan()
    foreign, absent = [], []
    for name, value in wanted.items():
        if container and not name.startswith("net."):
            foreign.append(name)
        elif read(setting_path(name, proc)) is None:
            absent.append(name)
        else:
            plan.lines.append(f"{name} = {value}")
            plan.now += [(path, value) for path in _paths(name, proc) if read(path) != value]
    plan.lines += [f"{name} = 2" for name in _router_advertisements(proc)]
    if foreign:
        plan.skipped.append(f"{len(foreign)} kernel settings, as a container has its host's kernel")
    if absent:
        plan.skipped.append(f"kernel settings that this kernel lacks: {', '.join(absent)}")
    return plan


def _paths(name: str, proc: Path) -> list[Path]:
    """The setting's own file; with `default` of an interface's settings, that of each interface there is as well."""
    match = CONF.fullmatch(name)
    if not match:
        return [setting_path(name, proc)]
    folder = proc / "net" / match[1] / "conf"
    return [path for each in sorted(folder.iterdir()) if each.name != "all" and (path := each / match[2]).exists()]


def _router_advertisements(proc: Path, devices: Path = Path("/sys/class/net")) -> list[str]:
    """A server that forwards IPv6, as Docker makes it do, ignores its router unless told to listen (kernel's
    ip-sysctl, accept_ra): without this a server with an automatic address loses its way out.
    """
    folder = proc / "net/ipv6/conf"
    if not folder.is_dir():
        return []
    real = [each.name for each in sorted(folder.iterdir()) if (devices / each.name / "device").exists()]
    return [f"net.ipv6.conf.{name}.accept_ra" for name in real if read(folder / name / "accept_ra") in ("1", "2")]


def apply(plan: KernelPlan) -> None:
    """Sets what differs now; what the kernel refuses is said."""
    refused = []
    for path, value in plan.now:
        try:
            path.write_text(value, encoding="ascii")
        except OSError:
            refused.append(".".join(path.relative_to(PROC).parts))
    if refused:
        plan.skipped.append(f"kernel settings that this kernel refuses: {', '.join(refused)}")


# --- swap ---


def memory_information(text: str) -> dict[str, int]:
    """/proc/meminfo's values, in KiB."""
    return {name: int(value) for name, value in re.findall(r"(?m)^(\w+): +(\d+)", text)}


def plan_swap(megabytes: int, container: bool) -> tuple[bool, str]:
    """Whether a swap file is to be made, and why not where a small server cannot have one."""
    memory = memory_information(Path("/proc/meminfo").read_text(encoding="ascii"))
    if memory.get("MemTotal", 0) >= SMALL_KIBIBYTES or memory.get("SwapTotal", 0) or SWAP_FILE.exists():
        return False, ""
    if container:
        return False, "swap, as a container has its host's"
    if shutil.disk_usage("/").free < 4 * megabytes * 1024 * 1024:
        return False, f"swap, as / has no room for {megabytes} MB"
    return True, ""


def make_swap(megabytes: int) -> str:
    """Makes the swap file and has it used, now and at boot; returns why not where the file system cannot."""
    try:
        run(["fallocate", "--length", f"{megabytes}M", str(SWAP_FILE)])
        SWAP_FILE.chmod(0o600)
        run(["mkswap", str(SWAP_FILE)])
        run(["swapon", str(SWAP_FILE)])
    except OperationError as error:
        SWAP_FILE.unlink(missing_ok=True)
        return f"swap: {error.message}"
    text = FSTAB.read_text(encoding="utf-8") if FSTAB.is_file() else ""
    if str(SWAP_FILE) not in text:
        with FSTAB.open("a", encoding="utf-8") as table:
            table.write(f"{SWAP_FILE} none swap sw 0 0\n")
            table.flush()
            os.fsync(table.fileno())
    return ""
