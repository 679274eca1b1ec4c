"""The part of an inventory that Slipway writes: hosts/<provider>.yml, and the servers' lines in known_hosts."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.slipway.vps.plugins.module_utils.cloud_input import PROVIDERS
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import FoundServer, WantedServer
from ansible_collections.slipway.vps.plugins.module_utils.files import write_atomically
from ansible_collections.slipway.vps.plugins.module_utils.known_hosts import KnownHosts
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, OperationError, Problem

HEADER = """\
---
# Written by playbooks/provision.yml and destroy.yml. Keep it in git. What you add to a host stays.
"""
# The host variable that says which server it is.
RECORD = "slipway_server"
# Ten times as fast where PyYAML was built with libyaml, as its wheels are.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Entry:
    """A host of such a file: its variables, and the groups it is in."""

    variables: dict[str, Any]
    groups: tuple[str, ...]

    @property
    def record(self) -> dict[str, Any]:
        return self.variables.get(RECORD) or {}


class CloudInventory:
    """The files of one environment. Its methods may be called by several threads.

    `user` is the one by whom the inventory reaches its servers, where it names one for all.
    """

    def __init__(self, folder: Path, user: str = "") -> None:
        self.folder = folder
        self.user = user
        self.known_hosts = KnownHosts(folder / "known_hosts")
        self.guard = threading.RLock()
        # The text of a file, and what it says: for twenty servers it is asked forty times.
        self._parsed: dict[str, tuple[str, dict[str, Entry]]] = {}

    def path(self, provider: str) -> Path:
        return self.folder / "hosts" / f"{provider}.yml"

    @contextmanager
    def held(self) -> Iterator[None]:
        """One run at a time may order servers for this inventory. Raises OperationError while another does."""
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another run is at work on the servers of {self.folder.name}: wait for its end and run again"
            raise OperationError(message) from None
        else:
            yield
        finally:
            os.close(handle)

    def providers(self) -> list[str]:
        """The providers of which the inventory has a file."""
        return [provider for provider in PROVIDERS if self.path(provider).is_file()]

    def entries(self, provider: str) -> dict[str, Entry]:
        """Raises InputError for a file that is none of ours any more."""
        path = self.path(provider)
        if not path.is_file():
            return {}
        text = path.read_text(encoding="utf-8")
        before = self._parsed.get(provider)
        if before and before[0] == text:
            return dict(before[1])
        try:
            entries = _entries(text)
        except (yaml.YAMLError, AttributeError, TypeError):
            problem = Problem(str(path), "(whole file)", "not what provision.yml wrote", "that, or no file at all")
            raise InputError([problem]) from None
        self._parsed[provider] = text, entries
        return dict(entries)

    def all_entries(self) -> dict[str, Entry]:
        return {name: entry for provider in self.providers() for name, entry in self.entries(provider).items()}

    def text(self, entries: dict[str, Entry]) -> str:
        groups: dict[str, dict[str, dict[str, Any]]] = {}
        for name in sorted(entries):
            for group in entries[name].groups:
                groups.setdefault(group, {"hosts": {}})["hosts"][name] = {}
        hosts = {name: entries[name].variables for name in sorted(entries)}
        return HEADER + yaml.safe_dump({"all": {"hosts": hosts, "children": groups}}, sort_keys=False)

    def _save(self, provider: str, entries: dict[str, Entry]) -> None:
        if entries:
            write_atomically(self.path(provider), self.text(entries), 0o644)
        else:
            self.path(provider).unlink(missing_ok=True)
            if self.path(provider).parent.is_dir() and not any(self.path(provider).parent.iterdir()):
                self.path(provider).parent.rmdir()

    def record(self, wanted: WantedServer, found: FoundServer, user: str, **more: Any) -> bool:
        """Writes down a server and where it is; `more` goes into its record. Whether that changed anything."""
        with self.guard:
            entries = self.entries(wanted.provider)
            before = entries.get(wanted.name)
            old = before.variables if before else {}
            variables = {
                **old,
                "ansible_host": found.public_address,
                **self._login(user, old),
                RECORD: {
                    **{key: value for key, value in (old.get(RECORD) or {}).items() if key not in more},
                    "provider": found.provider,
                    "id": found.id,
                    "region": found.region,
                    "size": found.size,
                    "image": wanted.image,
                    **{key: value for key, value in more.items() if value},
                },
            }
            # A private address that the listing does not tell is the one that was told before.
            for key, value in (("private_address", found.private_address), ("public_ipv6", found.public_ipv6)):
                variables |= {key: value} if value else {}
            if not wanted.private_network:
                variables.pop("private_address", None)
            entries[wanted.name] = Entry(variables, tuple(wanted.groups))
            changed = entries[wanted.name] != before
            if changed:
                self._save(wanted.provider, entries)
            addresses = [address for address in (found.public_address, found.public_ipv6) if address]
            known = self.known_hosts.keys(wanted.name)
            if any(key.addresses != tuple(addresses) for key in known):
                self.known_hosts.locate(wanted.name, addresses)
            return changed

    def _login(self, user: str, old: dict[str, Any]) -> dict[str, Any]:
        """How to log in where the provider hands the server out for `user`. What a person wrote there stays."""
        if self.user not in ("", "root"):
            # The first deploy makes the inventory's own user (role baseline); until then there is the provider's.
            return {"baseline_bootstrap_user": old.get("baseline_bootstrap_user", user)}
        become = {} if user == "root" else {"ansible_become": old.get("ansible_become", True)}
        return {"ansible_user": old.get("ansible_user", user), **become}

    def users(self, entry: Entry) -> list[str]:
        """Who may log in to a server, the likeliest first."""
        names = (entry.variables.get("ansible_user") or self.user, entry.variables.get("baseline_bootstrap_user"))
        return [str(name) for name in names if name] or ["root"]

    def plant(self, name: str, key: str) -> None:
        """Writes down the host key that a server is about to be ordered with."""
        with self.guard:
            self.known_hosts.plant(name, key)

    def unplant(self, name: str) -> None:
        """The server was not ordered after all."""
        with self.guard:
            self.known_hosts.forget(name)

    def forget(self, name: str) -> list[str]:
        """Takes a server out of the inventory; the files that had it."""
        with self.guard:
            files = []
            for provider in self.providers():
                entries = self.entries(provider)
                if entries.pop(name, None):
                    self._save(provider, entries)
                    files.append(str(self.path(provider).relative_to(self.folder)))
            if self.known_hosts.forget(name):
                files.append("known_hosts")
            return files


def _entries(text: str) -> dict[str, Entry]:
    """The hosts of such a file. Raises YAMLError, AttributeError or TypeError for one of another form."""
    data = (yaml.load(text, LOADER) or {}).get("all") or {}
    groups = {name: set((group or {}).get("hosts") or {}) for name, group in (data.get("children") or {}).items()}
    return {
        name: Entry(variables or {}, tuple(group for group, hosts in groups.items() if name in hosts))
        for name, variables in (data.get("hosts") or {}).items()
    }
