"""An inventory of a test's own, made from inventory/sandbox with its generated keys and secrets."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from sandbox import names
from tests.sandbox.playbook import ROOT, Outcome, run_playbook

SANDBOX_INVENTORY = ROOT / "inventory/sandbox"
APPLICATIONS = ROOT / "tests/applications"
# What sandbox/inventory.py generates for microblog; any value does for the other applications.
SECRETS = {"vault_secret_key": "not-a-secret", "vault_database_password": "not-a-secret-either"}


class Project:
    """A folder that stands where a user's checkout would: `inventory` is inventory/test in it.

    The applications' build contexts are absolute; the registries' authority is found as in inventory/sandbox.
    Without `secure` the proxy speaks plain HTTP: most tests are about other things than TLS.
    """

    def __init__(self, folder: Path, app: list[str], data: list[str] | None = None, secure: bool = False) -> None:
        self.inventory = folder / "inventory" / "test"
        self.app_servers = app
        shutil.copytree(SANDBOX_INVENTORY, self.inventory, ignore=shutil.ignore_patterns("apps", "tests", "hosts.yml"))
        (self.inventory / "apps").mkdir()
        (folder / ".sandbox").symlink_to(ROOT / ".sandbox")
        if not secure:
            # In a file of its own, which stays when a test takes its settings away.
            (self.inventory / "group_vars/all/plain_http.yml").write_text('proxy_tls: "off"\n')
        self.hosts = self._hosts({"app": app, "data": data or [], "builder": ["vps-2"]})
        self.write_hosts()

    @staticmethod
    def _hosts(groups: dict[str, list[str]]) -> dict[str, Any]:
        servers = [names.server(name) for members in groups.values() for name in members]
        variables = {each.name: {"ansible_port": each.ssh_port, "private_address": each.address} for each in servers}
        children = {group: {"hosts": dict.fromkeys(members)} for group, members in groups.items()}
        return {"all": {"children": children, "hosts": variables}}

    def write_hosts(self) -> None:
        """Writes hosts.yml after a change of `hosts`."""
        (self.inventory / "hosts.yml").write_text(yaml.safe_dump(self.hosts))

    def host(self, name: str, **variables: Any) -> None:
        """Adds variables of a host."""
        self.hosts["all"]["hosts"][name] |= variables
        self.write_hosts()

    def settings(self, **variables: Any) -> None:
        """Sets variables of all hosts, over those of the sandbox's inventory."""
        path = self.inventory / "group_vars/all/test.yml"
        before = yaml.safe_load(path.read_text()) if path.exists() else {}
        path.write_text(yaml.safe_dump({**before, **variables}))

    # --- applications ---

    def path(self, application: str) -> Path:
        return self.inventory / "apps" / f"{application}.yml"

    def add(self, application: str, source: str = "", **changes: Any) -> Project:
        """Adds an application: microblog, or one of tests/applications. `changes` are its keys, merged over the file's.

        `source` is the application whose file is copied, where the name is to be another one.
        """
        source = source or application
        sandboxed = SANDBOX_INVENTORY / "apps" / f"{source}.yml"
        file = sandboxed if sandboxed.exists() else APPLICATIONS / source / "app.yml"
        data = yaml.safe_load(file.read_text())
        if "build" in data:
            data["build"]["context"] = str((SANDBOX_INVENTORY / data["build"]["context"]).resolve())
        self.write(application, merged(data, changes))
        vault = SANDBOX_INVENTORY / "apps" / f"{source}.vault.yml"
        secrets = vault.read_text() if vault.exists() else yaml.safe_dump(SECRETS)
        (self.inventory / "apps" / f"{application}.vault.yml").write_text(secrets)
        return self

    def rename(self, application: str, name: str) -> None:
        for ending in ("yml", "vault.yml"):
            path = self.inventory / "apps" / f"{application}.{ending}"
            path.rename(path.with_name(f"{name}.{ending}"))

    def remove(self, application: str) -> None:
        """Takes an application out of the inventory; what runs of it goes on."""
        for ending in ("yml", "vault.yml"):
            (self.inventory / "apps" / f"{application}.{ending}").unlink()

    def read(self, application: str) -> dict[str, Any]:
        return yaml.safe_load(self.path(application).read_text())

    def write(self, application: str, data: Any) -> None:
        self.path(application).write_text(yaml.safe_dump(data, sort_keys=False))

    def change(self, application: str, **changes: Any) -> None:
        """Merges changes into an application's file; None takes a key away."""
        self.write(application, merged(self.read(application), changes))

    # --- playbooks ---

    def playbook(self, name: str, *arguments: str, timeout: float = 600) -> Outcome:
        return run_playbook(self.inventory, name, *arguments, timeout=timeout)

    def build(self, *arguments: str) -> Outcome:
        return self.playbook("build", *arguments)

    def deploy(self, *arguments: str) -> Outcome:
        return self.playbook("deploy", *arguments)


def merged(data: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`data` with `changes` in it, mappings merged key by key; None takes a key away."""
    result = deepcopy(data)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result
