"""The host's firewall: its rules, the service that loads them before the network is up, and the change of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import lockout_guard
from .firewall_rules import TABLE, Firewall, Rule, read_rule, render
from .lockout_guard import GuardedFile, run
from .problem import OperationError

RULES = Path("/etc/slipway/firewall.nft")
SERVICE = Path("/etc/systemd/system/slipway-firewall.service")
SSH_PORT = 22

UNIT = f"""\
# Written by Slipway. The rules are in {RULES}; `nft list table inet {TABLE}` shows them as the kernel has them.
[Unit]
Description=Slipway: the firewall of this host
DefaultDependencies=no
Wants=network-pre.target
# nftables.service, where somebody uses it, begins with `flush ruleset`.
After=local-fs.target nftables.service
PartOf=nftables.service
Before=network-pre.target docker.service
ConditionPathExists={RULES}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {RULES}
ExecReload=/usr/sbin/nft -f {RULES}
ExecStop=-/usr/sbin/nft delete table inet {TABLE}

[Install]
WantedBy=multi-user.target
"""


def ssh_ports(effective: str) -> tuple[int, ...]:
    """The ports in what `sshd -T` prints."""
    ports = [int(line.split()[1]) for line in effective.splitlines() if line.startswith("port ")]
    return tuple(dict.fromkeys(ports)) or (SSH_PORT,)


def wanted_firewall(arguments: dict[str, Any]) -> Firewall:
    ports = tuple(int(port) for port in arguments["ssh_ports"])
    if not ports:
        ports = ssh_ports(run(["sshd", "-T"], check=False).stdout)
    rules = [read_rule(rule) for rule in arguments["rules"]]
    data = arguments.get("data") or {}
    rules += [Rule(str(port), "tcp", tuple(data["members"]), data["own"]) for port in data.get("ports", [])]
    return Firewall(
        ssh_ports=ports,
        ssh_sources=tuple(arguments["ssh_from"]),
        ssh_rate=int(arguments["ssh_rate"]),
        ping=bool(arguments["ping"]),
        log=bool(arguments["log"]),
        interfaces=tuple(arguments["interfaces"]),
        rules=tuple(rules),
    )


def wanted_files(arguments: dict[str, Any]) -> list[GuardedFile]:
    """The rules, and the service that loads them; both gone where no firewall is wanted."""
    enabled = bool(arguments["enabled"])
    text = render(wanted_firewall(arguments)) if enabled else None
    return [GuardedFile(RULES, text, 0o600), GuardedFile(SERVICE, UNIT if enabled else None)]


def is_loaded() -> bool:
    return run(["nft", "list", "chain", "inet", TABLE, "input"], check=False).returncode == 0


def validate(text: str) -> None:
    """Lets nftables read the rules without loading them. Raises OperationError."""
    path = lockout_guard.candidate(text)
    try:
        result = run(["nft", "--check", "-f", path], check=False)
    finally:
        Path(path).unlink()
    if result.returncode != 0:
        line = (result.stderr.strip().splitlines() or ["no reason given"])[0].replace(path, str(RULES))
        raise OperationError(f"the kernel does not take the firewall's rules: {line}", result.stderr)


def change(arguments: dict[str, Any]) -> dict[str, Any]:
    """Brings the firewall to the wanted state, with a way back; `armed` says that it waits to be confirmed."""
    try:
        taken_back = False if arguments["check"] else lockout_guard.take_turns()
        files = wanted_files(arguments)
        changed = [file for file in files if file.differs]
        answer: dict[str, Any] = {"diff": lockout_guard.differences(files), "taken_back": taken_back, "armed": False}
        if arguments["check"] or (not changed and is_loaded() == bool(arguments["enabled"])):
            return answer | {"changed": bool(changed)}
        if arguments["enabled"]:
            validate(files[0].text or "")
        lockout_guard.arm(files, int(arguments["seconds"]))
        _apply(files, bool(arguments["enabled"]))
    except OperationError as error:
        lockout_guard.put_back()
        return {"failed": True, "msg": error.message, "log": error.log}
    return answer | {"changed": True, "armed": True}


def _apply(files: list[GuardedFile], enabled: bool) -> None:
    if not enabled:
        run(["systemctl", "disable", "--quiet", "--now", SERVICE.name], check=False)
    lockout_guard.write(files)
    run(["systemctl", "daemon-reload"])
    if enabled:
        run(["systemctl", "enable", "--quiet", SERVICE.name])
        run(["systemctl", "reload-or-restart", SERVICE.name])
