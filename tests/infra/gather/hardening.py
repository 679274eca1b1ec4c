"""How the server is guarded: sshd's settings as it takes them, files, the firewall as the kernel has it."""

from __future__ import annotations

import json
from pathlib import Path

from gather import system

CONTAINER = Path("/run/systemd/container")
TABLE = ("inet", "slipway")
# sshd prints a line for each of these.
LISTS = ("allowusers", "allowgroups", "denyusers", "denygroups")
LOGIN_DEFINITIONS = "/etc/login.defs"


def look(request):
    """All of it. `request`: files, packages, operator."""
    return {
        "container": CONTAINER.exists(),
        "ssh": sshd(),
        "login": login_definitions(system.read_text(LOGIN_DEFINITIONS) or ""),
        "files": {path: system.read_text(path) for path in request["files"]},
        "packages": system.packages(request["packages"]) if request["packages"] else {},
        "firewall": firewall(),
        "operator": operator(request["operator"]) if request["operator"] else {},
        "units": system.units(request["units"]) if request["units"] else {},
    }


def sshd():
    """sshd's effective settings (sshd(8), -T), keywords in lower case."""
    found = {}
    for line in system._run(["/usr/sbin/sshd", "-T"]).splitlines():
        name, _, value = line.partition(" ")
        if name.lower() in LISTS:
            found[name.lower()] = f"{found.get(name.lower(), '')} {value}".strip()
        found.setdefault(name.lower(), value.strip())
    return found


def login_definitions(text):
    """The settings of login.defs(5); of several lines for one, the last counts."""
    words = [line.split() for line in text.splitlines()]
    return {line[0]: line[1] for line in words if len(line) > 1 and not line[0].startswith("#")}


def firewall():
    """The chains of Slipway's table (libnftables-json(5)); {} when there is none.

    {name: {policy, last, all, accepts: [{port, protocol, limited}]}}; `limited` says that only some may come, `all`
    that a rule lets everything in.
    """
    try:
        return read_table(json.loads(system._run(["/usr/sbin/nft", "--json", "list", "table", *TABLE]) or "{}"))
    except (OSError, ValueError):
        return {}


def read_table(listed):
    """The chains in what nft prints."""
    chains = {}
    for entry in listed.get("nftables", []):
        if "chain" in entry:
            policy = entry["chain"].get("policy", "")
            chains[entry["chain"]["name"]] = {"policy": policy, "last": "", "all": False, "accepts": []}
    for entry in listed.get("nftables", []):
        if "rule" in entry:
            chain = chains[entry["rule"]["chain"]]
            chain["last"] = _verdict(entry["rule"]["expr"])
            chain["all"] = chain["all"] or chain["last"] == "accept"
            chain["accepts"] += _ports(entry["rule"]["expr"])
    return chains


def _verdict(expressions):
    names = [name for each in expressions for name in each if name in ("accept", "drop", "jump", "reject")]
    matches = any("match" in each for each in expressions)
    return f"{names[-1] if names else ''}{' of some' if matches else ''}"


def _ports(expressions):
    """The destination ports that a rule accepts (or hands on to the chain that counts connections to SSH)."""
    verdict = _verdict(expressions).partition(" ")[0]
    if verdict not in ("accept", "jump"):
        return []
    matches = [each["match"] for each in expressions if "match" in each]
    limited = any(_field(match) in ("saddr", "daddr") or _original(match) == "daddr" for match in matches)
    protocols = [str(match["right"]) for match in matches if (match["left"].get("meta") or {}).get("key") == "l4proto"]
    found = []
    for match in matches:
        payload = match["left"].get("payload") or {}
        if payload.get("field") == "dport":
            protocol = payload["protocol"]
        elif _original(match) == "proto-dst":
            protocol = protocols[0] if protocols else "tcp"
        else:
            continue
        found += [{"port": port, "protocol": protocol, "limited": limited} for port in _values(match["right"])]
    return found


def _field(match):
    return (match["left"].get("payload") or {}).get("field", "")


def _original(match):
    return (match["left"].get("ct") or {}).get("key", "")


def _values(right):
    """Ports as text, ranges as 8000-8100."""
    if isinstance(right, dict) and "set" in right:
        return [value for each in right["set"] for value in _values(each)]
    if isinstance(right, dict) and "range" in right:
        return ["-".join(str(end) for end in right["range"])]
    return [str(right)]


def operator(name):
    """Whether the user who administers the server may use sudo without a password; one for the console is its own."""
    sudo = system._run(["sudo", "--list", "--non-interactive", "--other-user", name])
    return {"sudo": "NOPASSWD: ALL" in sudo}
