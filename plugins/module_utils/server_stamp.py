"""The server stamp: a hash of what the server roles are given, their files and their variables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .fingerprint import fingerprint

# In the order in which playbooks/deploy.yml applies them.
SERVER_ROLES = ("host_key", "python", "baseline", "firewall", "docker", "registry", "proxy")


def roles_fingerprint(roles_folder: Path, roles: tuple[str, ...] | list[str]) -> str:
    """A hash of every file of the roles, without their documentation and tests."""
    digest = hashlib.sha256()
    for role in roles:
        for path in sorted((roles_folder / role).rglob("*")):
            if path.is_file() and path.suffix != ".md" and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(roles_folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def server_stamp(roles_folder: Path, roles: tuple[str, ...] | list[str], variables: Mapping[str, Any]) -> str:
    """The stamp of a host that gets `roles`: their files, and each variable whose name starts with a role's."""
    prefixes = tuple(f"{role}_" for role in roles)
    given = {name: content(variables[name]) for name in sorted(variables) if name.startswith(prefixes)}
    return fingerprint([roles_fingerprint(roles_folder, roles), given])


def content(value: Any) -> Any:
    """The value with the path of each file on this machine replaced by the file's content: where a checkout lies does
    not count.
    """
    if isinstance(value, Mapping):
        return {key: content(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [content(item) for item in value]
    if isinstance(value, str) and value.startswith("/") and Path(value).is_file():
        return hashlib.sha256(Path(value).read_bytes()).hexdigest()
    return value
