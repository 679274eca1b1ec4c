"""Reads hosts and their connections from an Ansible inventory, as ansible-playbook would."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from day_two.problem import DayTwoError

ROOT = Path(__file__).resolve().parents[1]
# inventory/example is there to be copied, so it is never taken by itself.
EXAMPLE = "example"
HOSTS_FILES = ("hosts.yml", "hosts.yaml", "hosts.ini", "hosts")


@dataclass(frozen=True)
class Server:
    """How to reach one host. `key` '' leaves it to the agent and the user's default keys."""

    name: str
    address: str
    port: int
    user: str
    key: str
    known_hosts: Path
    gateway: str = ""

    @property
    def where(self) -> str:
        return f"{self.user}@{self.address}:{self.port}"


@dataclass(frozen=True)
class Environment:
    """An inventory: its folder, applications and the servers on which they run."""

    folder: Path
    applications: tuple[str, ...]
    servers: tuple[Server, ...]

    def application(self, wanted: str) -> str:
        """The wanted application, else the only one. Raises DayTwoError."""
        names = ", ".join(self.applications) or "none"
        if wanted in self.applications:
            return wanted
        if wanted:
            raise DayTwoError(f"{show(self.folder)} has no application {wanted}; it has: {names}")
        if len(self.applications) != 1:
            raise DayTwoError(f"{show(self.folder)} has several applications: say which with --app ({names})")
        return self.applications[0]

    def choose(self, wanted: str) -> list[Server]:
        """The wanted servers (names with commas between), else all. Raises DayTwoError."""
        if not wanted:
            return list(self.servers)
        known = {server.name: server for server in self.servers}
        names = wanted.split(",")
        for name in names:
            if name not in known:
                raise DayTwoError(
                    f"{show(self.folder)} has no host {name} in its groups app and data: {', '.join(known)}"
                )
        return [known[name] for name in names]


def show(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def inventory_folder(option: str, parent: Path | None = None) -> Path:
    """The inventory to work on: the option, else SLIPWAY_INVENTORY, else the only one that is set up.

    Raises DayTwoError.
    """
    parent = parent or ROOT / "inventory"
    wanted = option or os.environ.get("SLIPWAY_INVENTORY", "")
    if wanted:
        path = Path(wanted).resolve()
        folder = path if path.is_dir() else path.parent
        if not path.exists() or _hosts_file(folder) is None:
            source = "--inventory" if option else "SLIPWAY_INVENTORY"
            raise DayTwoError(f"{source} {wanted}: expected a folder with hosts.yml, such as inventory/production")
        return folder
    found = (
        sorted(path for path in parent.iterdir() if path.name != EXAMPLE and _hosts_file(path))
        if parent.is_dir()
        else []
    )
    if not found:
        raise DayTwoError(f"no inventory in {show(parent)}: copy inventory/example, or `make demo` for the sandbox")
    if len(found) > 1:
        names = ", ".join(show(path) for path in found)
        raise DayTwoError(
            f"several inventories ({names}): say which with --inventory, or once with"
            f" SLIPWAY_INVENTORY={show(found[0])}"
        )
    return found[0]


def _hosts_file(folder: Path) -> Path | None:
    return next((folder / name for name in HOSTS_FILES if (folder / name).exists()), None)


def read_environment(option: str = "") -> Environment:
    """The environment that the option or the surroundings name. Raises DayTwoError."""
    folder = inventory_folder(option)
    # Ansible reads its settings at import, from the folder of the project.
    os.environ.setdefault("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg"))
    from ansible.errors import AnsibleError

    try:
        servers = _servers(folder)
    except AnsibleError as error:
        text = " ".join(str(error).split())
        if "vault" in text.lower() or "decrypt" in text.lower():
            text = "it has an encrypted file: name the file with the vault's password in ANSIBLE_VAULT_PASSWORD_FILE"
        raise DayTwoError(f"{show(folder)} cannot be read: {text[:400]}") from None
    if not servers:
        raise DayTwoError(f"{show(folder)} has no host in its groups app and data")
    names = [path.stem for path in (folder / "apps").glob("*.yml") if not path.name.endswith(".vault.yml")]
    return Environment(folder, tuple(sorted(names)), tuple(servers))


def _servers(folder: Path) -> list[Server]:
    from ansible.cli import CLI
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar
    from ansible.utils.collection_loader import AnsibleCollectionConfig
    from ansible.vars.manager import VariableManager

    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()
    loader = DataLoader()
    password_file = os.environ.get("ANSIBLE_VAULT_PASSWORD_FILE", "")
    if password_file:
        loader.set_vault_secrets(CLI.setup_vault_secrets(loader, [], vault_password_files=[password_file]))
    manager = InventoryManager(loader=loader, sources=[str(folder)])
    variables = VariableManager(loader=loader, inventory=manager)
    servers = []
    for group in ("app", "data"):
        for host in manager.groups[group].get_hosts() if group in manager.groups else []:
            given = variables.get_vars(host=host)
            server = server_of(host.name, _templated(Templar(loader=loader, variables=given), given), folder)
            if server not in servers:
                servers.append(server)
    return servers


CONNECTION_VARIABLES = (
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_ssh_private_key_file",
    "ansible_private_key_file",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
)


def _templated(templar: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {name: templar.template(given[name]) for name in CONNECTION_VARIABLES if given.get(name) is not None}


def server_of(name: str, given: dict[str, Any], folder: Path) -> Server:
    """A server from a host's variables, whose templates are filled in."""
    options = _ssh_options(
        " ".join(str(given.get(key, "")) for key in ("ansible_ssh_common_args", "ansible_ssh_extra_args"))
    )
    user = str(given.get("ansible_user") or options.get("user") or os.environ.get("USER") or "root")
    key = (
        given.get("ansible_ssh_private_key_file")
        or given.get("ansible_private_key_file")
        or options.get("identityfile")
    )
    known_hosts = options.get("userknownhostsfile", "").split(" ")[0] or str(folder / "known_hosts")
    gateway = options.get("proxycommand", "")
    if not gateway and options.get("proxyjump"):
        gateway = f"ssh -o StrictHostKeyChecking=yes -W %h:%p {options['proxyjump']}"
    return Server(
        name=name,
        address=str(given.get("ansible_host") or name),
        port=int(given.get("ansible_port") or options.get("port") or 22),
        user=user,
        key=str(Path(str(key)).expanduser()) if key else "",
        known_hosts=Path(known_hosts).expanduser(),
        gateway=gateway,
    )


def _ssh_options(arguments: str) -> dict[str, str]:
    plugins = str(ROOT / "plugins")
    if plugins not in sys.path:
        sys.path.append(plugins)
    from plugin_utils.ssh_settings import options_of

    found: dict[str, str] = {}
    for keyword, value in options_of(arguments):
        found.setdefault(keyword.lower(), value)
    return found
