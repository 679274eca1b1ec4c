"""What a host's vitals mean for a deploy: each check's outcome in words, and what to do about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.vitals import FileSystem, Vitals, asked_name

OK, WARN, FAIL = "ok", "warn", "fail"
PROXY_CONTAINER = "slipway-proxy"
SYSTEMS = {"debian": ("12", "13"), "ubuntu": ("22.04", "24.04", "26.04")}
ARCHITECTURES = ("x86_64", "aarch64")
# TLS, apt and ACME refuse what is not valid yet; a few seconds of a busy server's answer are none of its clock's.
NOTICED_SKEW = 5


@dataclass(frozen=True)
class Limits:
    """What a server must have: bytes of disk and memory, percent of inodes, seconds of skew."""

    disk: int
    memory: int
    inodes: float
    skew: float


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; `advice` is what to do, empty where all is well."""

    check: str
    state: str
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.check}: {self.found}" + (f". {self.advice}" if self.advice else "")


def size(count: float) -> str:
    """Bytes as a person says them."""
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GB" if count < 1024 else f"{count / 1024:.1f} TB"


def system_problem(system: str, version: str, architecture: str) -> str:
    """What is not supported, '' when all is."""
    if version not in SYSTEMS.get(system, ()):
        supported = ", ".join(f"{name} {' and '.join(versions)}" for name, versions in SYSTEMS.items())
        return f"runs {system or 'an unknown system'} {version}; supported: {supported}"
    if architecture not in ARCHITECTURES:
        return f"is {architecture}; supported: {', '.join(ARCHITECTURES)}"
    return ""


def system(vitals: Vitals) -> list[Finding]:
    name, version, architecture = vitals.system
    problem = system_problem(name, version, architecture)
    found = [
        Finding("system", FAIL, problem, "Reinstall the server with one of these at your provider")
        if problem
        else Finding("system", OK, f"{name.capitalize()} {version}, {architecture}")
    ]
    if not vitals.systemd:
        advice = "Take a virtual machine: a container (OpenVZ, LXC) cannot be set up"
        found.append(Finding("systemd", FAIL, "systemd does not run here", advice))
    return found


def clock(vitals: Vitals, now: float, limits: Limits) -> Finding:
    """`now`: this machine's clock in the middle of the look."""
    skew = vitals.clock - now
    if not vitals.clock or abs(skew) < max(NOTICED_SKEW, 1):
        return Finding("clock", OK, "as this machine's")
    side = "ahead of" if skew > 0 else "behind"
    found = f"{abs(skew):.0f} s {side} this machine's clock"
    advice = "Find out which of the two is wrong: `timedatectl` shows it, `timedatectl set-ntp true` keeps it right"
    return Finding("clock", FAIL if abs(skew) >= limits.skew else WARN, found, advice)


def disk(vitals: Vitals, limits: Limits) -> Finding:
    if not vitals.disks:
        return Finding("disk", WARN, "df told nothing")
    least = min(vitals.disks, key=lambda each: each.free)
    found = f"{size(least.free * 1024)} free of {size(least.total * 1024)} on {least.mount}"
    advice = (
        f"Have at least {size(limits.disk)} free: `journalctl --vacuum-size=100M`, `apt-get clean` and "
        "`docker system prune` free some"
    )
    if least.free * 1024 < limits.disk:
        return Finding("disk", FAIL, found, advice)
    return Finding("disk", WARN, found, advice) if least.free * 1024 < 2 * limits.disk else Finding("disk", OK, found)


def inodes(vitals: Vitals, limits: Limits) -> Finding:
    def share(each: FileSystem) -> float:
        return 100 * each.free / each.total

    # btrfs counts none.
    if not vitals.inodes:
        return Finding("inodes", OK, "not counted by this file system")
    least = min(vitals.inodes, key=share)
    found = f"{share(least):.0f} % free on {least.mount}"
    if share(least) < limits.inodes:
        advice = "Too many small files: `du --inodes -x / | sort -n | tail` shows where"
        return Finding("inodes", FAIL, found, advice)
    return Finding("inodes", OK, found)


def memory(vitals: Vitals, limits: Limits, wanted: int) -> Finding:
    """`wanted`: bytes that the containers of this host may take together."""
    total, swap = (vitals.memory.get(name, 0) * 1024 for name in ("MemTotal", "SwapTotal"))
    found = f"{size(total)}" + (f" and {size(swap)} swap" if swap else "")
    if total < limits.memory:
        return Finding("memory", FAIL, found, f"Take a server with at least {size(limits.memory)}")
    if wanted > total + swap:
        found += f"; the containers may take {size(wanted)} together"
        return Finding("memory", WARN, found, "Lower the limits in apps/<app>.yml, or take a larger server")
    return Finding("memory", OK, found)


def ports(vitals: Vitals, wanted: Iterable[str]) -> list[Finding]:
    """Each of the proxy's ports (80/tcp): free, or the proxy's already."""
    held = {each.port: each for each in vitals.ports}
    found = []
    for port in wanted:
        holder = held.get(port)
        if holder is None:
            found.append(Finding(f"port {port}", OK, "free"))
        elif holder.container == PROXY_CONTAINER:
            found.append(Finding(f"port {port}", OK, "the proxy's"))
        else:
            stop = f"docker rm --force {holder.container}" if holder.container else ""
            stop = stop or (f"systemctl disable --now {holder.unit}" if holder.unit else f"kill {holder.process}")
            advice = f"The proxy needs it: `{stop}` on the server, or other ports (proxy_http_port, proxy_https_port)"
            found.append(Finding(f"port {port}", FAIL, f"taken by {holder}", advice))
    return found


def domain(name: str, vitals: Vitals, own: list[str], fleet: list[str], strict: bool) -> Finding:
    """Whether a domain's records point to this host or another one of the application's. `strict`: a certificate
    depends on it.
    """
    check, bad = f"DNS {name}", FAIL if strict else WARN
    found = vitals.domains.get(asked_name(name), [])
    records = [f"{'AAAA' if ':' in each else 'A'} {each}" for each in found]
    here = ", ".join(own) or "the server's address"
    if not found:
        return Finding(check, bad, "has no A and no AAAA record", f"Add a record with {here} where the domain is kept")
    elsewhere = [record for record, each in zip(records, found, strict=True) if not among(each, [*own, *fleet])]
    if elsewhere:
        advice = (
            f"Let it point to {here}; behind a load balancer or CDN say `dns_check: false` in the application's file; "
            "if that address leads here all the same, name it in doctor_addresses"
        )
        return Finding(check, bad, f"points elsewhere: {', '.join(elsewhere)}", advice)
    return Finding(check, OK, ", ".join(records))


def among(address: str, others: Iterable[str]) -> bool:
    """Whether an IP address is one of the others, however they are written (fd00::1, fd00:0::1)."""
    wanted = ipaddress.ip_address(address)
    return any(wanted == ipaddress.ip_address(other) for other in others if is_address(other))


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
