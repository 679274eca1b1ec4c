"""The SSH settings of Ansible's connection to a host, as an ssh_config(5) for other programs: same options, same
ControlPath.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

# Options that take a value and have a keyword in ssh_config(5); the ones without a value that matter are few.
_FLAGS_WITH_VALUE = {"-J": "ProxyJump", "-i": "IdentityFile", "-p": "Port", "-l": "User", "-c": "Ciphers"}
_FLAGS = {
    "-4": ("AddressFamily", "inet"),
    "-6": ("AddressFamily", "inet6"),
    "-C": ("Compression", "yes"),
    "-A": ("ForwardAgent", "yes"),
}


def options_of(arguments: str) -> list[tuple[str, str]]:
    """(keyword, value) pairs of ssh arguments such as `-o ControlMaster=auto -J bastion`."""
    words = shlex.split(arguments or "")
    found = []
    while words:
        word = words.pop(0)
        flag, value = word[:2], word[2:]
        if flag in _FLAGS and not value:
            found.append(_FLAGS[flag])
        elif flag in ("-o", *_FLAGS_WITH_VALUE):
            value = value or (words.pop(0) if words else "")
            if flag == "-o":
                keyword, sign, rest = value.partition("=")
                if not sign:
                    keyword, _, rest = value.partition(" ")
                found.append((keyword.strip(), rest.strip()))
            else:
                found.append((_FLAGS_WITH_VALUE[flag], value))
    return found


def ssh_config(name: str, settings: dict[str, Any], known_hosts: Path | None = None) -> str:
    """An ssh_config with one host. `settings`: host, port, user, key, control_path, arguments (a list of ssh argument
    strings).

    As on ssh's own command line the first value of a keyword counts. Host keys are always checked.
    """
    pairs = [("HostName", str(settings["host"])), ("StrictHostKeyChecking", "yes"), ("BatchMode", "yes")]
    for keyword, key in (("Port", "port"), ("User", "user"), ("IdentityFile", "key"), ("ControlPath", "control_path")):
        if settings.get(key):
            pairs.append((keyword, str(settings[key])))
    for arguments in settings.get("arguments") or []:
        pairs += options_of(arguments)
    if known_hosts is not None:
        pairs.append(("UserKnownHostsFile", str(known_hosts)))
    pairs.append(("ControlMaster", "auto"))
    seen: dict[str, tuple[str, str]] = {}
    for keyword, value in pairs:
        seen.setdefault(keyword.lower(), (keyword, value))
    lines = [f"Host {name}", *(f"    {keyword} {quoted(keyword, value)}" for keyword, value in seen.values())]
    return "\n".join(lines) + "\n"


def quoted(keyword: str, value: str) -> str:
    """Paths with spaces need quotes; a ProxyCommand is the rest of its line."""
    return f'"{value}"' if " " in value and keyword.lower() not in ("proxycommand", "userknownhostsfile") else value


def connection_settings(connection: Any) -> dict[str, Any]:
    """The settings of an Ansible ssh connection (ansible.builtin.ssh), whose options have been set by the task's
    executor.
    """

    def option(name: str) -> Any:
        try:
            return connection.get_option(name)
        except KeyError:
            return None

    folder = str(Path(str(option("control_path_dir") or "~/.ansible/cp")).expanduser())
    control_path = str(option("control_path") or "%(directory)s/%%C") % {"directory": folder}
    return {
        "host": option("host"),
        "port": option("port"),
        "user": option("remote_user"),
        "key": option("private_key_file"),
        "control_path": control_path,
        "arguments": [str(option(name) or "") for name in ("ssh_args", "ssh_common_args", "ssh_extra_args")],
    }
