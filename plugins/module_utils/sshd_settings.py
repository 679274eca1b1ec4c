"""sshd's settings as a drop-in: algorithms that stand today's audits, keys instead of passwords, little forwarding.

sshd takes the first value that it reads for a keyword (sshd_config(5)), and drop-ins in the order of their names: this
one's name comes before those of clouds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .authorized_key import rsa_bits
from .lockout_guard import candidate, run
from .problem import OperationError
from .public_key import parse_public_key

DROP_IN = Path("/etc/ssh/sshd_config.d/00-slipway.conf")
MAIN = Path("/etc/ssh/sshd_config")
# Hybrids of a post-quantum and a classical exchange (https://www.openssh.com/pq.html), in the order of preference.
POST_QUANTUM = ("mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com")
CLASSICAL = ("curve25519-sha256", "curve25519-sha256@libssh.org")
# What paramiko, by which `fab` connects, knows of the first.
COMMON = "mlkem768x25519-sha256"
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr")
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "umac-128-etm@openssh.com")
HOST_KEYS = {"ed25519": ("ssh-ed25519",), "rsa": ("rsa-sha2-512", "rsa-sha2-256")}
# Keys of people: the curves of NIST are not offered by the server itself, but some security keys have no other.
PUBLIC_KEYS = (
    "ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,sk-ssh-ed25519@openssh.com,sk-ssh-ed25519-cert-v01@openssh.com,"
    "rsa-sha2-512,rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256,rsa-sha2-256-cert-v01@openssh.com,"
    "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,sk-ecdsa-sha2-nistp256@openssh.com"
)
HOST_KEY_BITS = 3072
# Users' keys, where sshd asks for their size (OpenSSH 9.1, https://www.openssh.com/releasenotes.html).
USER_KEY_BITS = 2048
USER_KEY_BITS_SINCE = (9, 1)
# By these it is told whether the drop-in counts; sshd -T says the second by its old name.
TELLING = ("PermitRootLogin", "PasswordAuthentication", "Ciphers")
SYNONYMS = {"prohibit-password": "without-password"}


def key_exchanges(known: list[str], classical: bool) -> list[str]:
    """Only post-quantum ones where every client that matters knows one; otherwise curve25519 as well."""
    chosen = [name for name in POST_QUANTUM if name in known]
    if classical or COMMON not in chosen:
        chosen += [name for name in CLASSICAL if name in known]
    return chosen


def host_key_algorithms(folder: Path = Path("/etc/ssh")) -> list[str]:
    """Those of the host's own keys that are strong enough."""
    found = []
    for kind, algorithms in HOST_KEYS.items():
        file = folder / f"ssh_host_{kind}_key.pub"
        if file.is_file() and (kind != "rsa" or _bits(file) >= HOST_KEY_BITS):
            found += algorithms
    return found


def _bits(file: Path) -> int:
    try:
        return rsa_bits(parse_public_key(file.read_text(encoding="ascii")).data)
    except ValueError:
        return 0


def known(kind: str) -> list[str]:
    """The algorithms that this host's OpenSSH has (ssh(1), -Q)."""
    return run(["ssh", "-Q", kind], check=False).stdout.split()


def algorithms(classical: bool) -> dict[str, str]:
    """sshd's algorithms, out of those that it has; a keyword for which none is left stays with sshd's own choice."""
    ciphers, macs = known("cipher"), known("mac")
    chosen = {
        "KexAlgorithms": key_exchanges(known("kex"), classical),
        "Ciphers": [name for name in CIPHERS if name in ciphers],
        "MACs": [name for name in MACS if name in macs],
        "HostKeyAlgorithms": host_key_algorithms(),
        "PubkeyAcceptedAlgorithms": [PUBLIC_KEYS],
    }
    return {keyword: ",".join(names) for keyword, names in chosen.items() if names}


def version(shown: str) -> tuple[int, ...]:
    """OpenSSH's version, out of what `ssh -V` shows (`OpenSSH_8.9p1 Ubuntu-3`); empty if it does not say it."""
    found = re.match(r"OpenSSH_(\d+)\.(\d+)", shown)
    return tuple(map(int, found.groups())) if found else ()


def own_settings(classical: bool) -> dict[str, Any]:
    """What this host's OpenSSH decides: its algorithms, and the least size of users' keys where it can ask for one."""
    has_size = version(run(["ssh", "-V"], check=False).stderr) >= USER_KEY_BITS_SINCE
    return algorithms(classical) | ({"RequiredRSASize": USER_KEY_BITS} if has_size else {})


def limits_users(options: Mapping[str, Any]) -> bool:
    """Whether the inventory itself says, by a null too, who may log in."""
    return bool({"allowusers", "allowgroups"} & {keyword.lower() for keyword in options})


def render(settings: Mapping[str, Any]) -> str:
    lines = ["# Written by Slipway (role baseline). The first value of a keyword counts; sshd -T shows what holds."]
    return "\n".join([*lines, *(f"{keyword} {value}" for keyword, value in settings.items())]) + "\n"


def wanted_text(options: Mapping[str, Any], classical: bool) -> str:
    """The drop-in: what the host's OpenSSH decides, with the options over it; a null leaves a keyword out."""
    named = {keyword.lower() for keyword in options}
    own = {keyword: value for keyword, value in own_settings(classical).items() if keyword.lower() not in named}
    return render({**own, **{keyword: value for keyword, value in options.items() if value is not None}})


def validate(text: str) -> None:
    """Lets sshd read the drop-in before everything else. Raises OperationError."""
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    main = MAIN.read_text(encoding="utf-8") if MAIN.is_file() else ""
    path = candidate(f"{text}\n{main}")
    try:
        result = run(["sshd", "-t", "-f", path], check=False)
    finally:
        Path(path).unlink()
    if result.returncode != 0:
        line = (result.stderr.strip().splitlines() or ["no reason given"])[0].replace(path, str(DROP_IN))
        raise OperationError(f"sshd does not take its new settings: {line}", result.stderr)


def effective() -> dict[str, str]:
    """What sshd would run with, by keyword in lower case."""
    lines = run(["sshd", "-T"]).stdout.splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def ignored(text: str) -> list[str]:
    """The keywords of the drop-in that another file overrides, or that are not read at all."""
    found = effective()
    wanted = re.findall(rf"(?m)^({'|'.join(TELLING)}) (.+)$", text)
    return [keyword for keyword, value in wanted if found.get(keyword.lower()) not in (value, SYNONYMS.get(value))]
