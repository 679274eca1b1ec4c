"""The operator: the user by whom a server is administered, with keys and with sudo."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from .files import write_atomically
from .lockout_guard import GuardedFile, candidate, run
from .problem import OperationError

SUDOERS = Path("/etc/sudoers.d/60-slipway")


def account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def usable_keys(text: str) -> list[str]:
    """The lines of an authorized_keys file by which one may log in: clouds give root's a command that only says no."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#") and 'command="' not in line]


def authorized_keys(home: Path) -> Path:
    return home / ".ssh" / "authorized_keys"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def inherited_keys(source: str) -> list[str]:
    """The keys of the user who is logged in: who has come in may come in again."""
    found = account(source)
    keys = usable_keys(read(authorized_keys(Path(found.pw_dir)))) if found else []
    if not keys:
        raise OperationError(f"{source} has no key that the operator could have: name some in baseline_operator_keys")
    return keys


def ensure(name: str, keys: list[str], source: str, check: bool) -> list[str]:
    """Makes the user with its right to sudo, and its keys where it has none yet; what was done, in words.

    A user that somebody else has made keeps the rights that it has. Raises OperationError.
    """
    done = []
    found = account(name)
    if found is None or SUDOERS.exists():
        # Before the user is there: a run that is cut off in between is finished by the next.
        rule = (
            f"# Written by Slipway: who may log in here administers this server.\n{name} ALL=(ALL:ALL) NOPASSWD: ALL\n"
        )
        if read(SUDOERS) != rule:
            done.append(f"sudo for {name}")
            if not check:
                _write_sudoers(rule)
    if found is None:
        done.append(f"user {name}")
        if check:
            return done
        keys = keys or inherited_keys(source)
        # No password at all; `*`, as some programs take `!` for a locked account. Nor one that expires, whatever
        # login.defs says: sshd turns away the keys of a user whose password has.
        command = ["useradd", "--create-home", "--user-group", "--shell", "/bin/bash", "--password", "*"]
        run([*command, "--key", "PASS_MAX_DAYS=-1", name])
        found = account(name)
        assert found is not None
    if not read(authorized_keys(Path(found.pw_dir))):
        done.append(f"keys of {name}")
        if not check:
            _first_keys(found, keys or inherited_keys(source))
    return done


def _first_keys(user: pwd.struct_passwd, keys: list[str]) -> None:
    path = authorized_keys(Path(user.pw_dir))
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_atomically(path, "\n".join(keys) + "\n", 0o600)
    for each in (path.parent, path):
        os.chown(each, user.pw_uid, user.pw_gid)


def _write_sudoers(rule: str) -> None:
    path = candidate(rule)
    try:
        run(["visudo", "--check", "--quiet", "--file", path])
    finally:
        Path(path).unlink()
    write_atomically(SUDOERS, rule, 0o440)


def wanted_keys(name: str, keys: list[str]) -> list[GuardedFile]:
    """The operator's keys where the inventory names them: a change of them could lock everybody out."""
    user = account(name)
    if not keys or user is None:
        return []
    text = "\n".join(keys) + "\n"
    return [GuardedFile(authorized_keys(Path(user.pw_dir)), text, 0o600, (user.pw_uid, user.pw_gid))]
