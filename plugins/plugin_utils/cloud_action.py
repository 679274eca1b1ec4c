"""What the actions on servers share: the inventory's wishes, the providers in use, and their listings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.slipway.vps.plugins.module_utils.application import APP_GROUP, BUILDER_GROUP, DATA_GROUP
from ansible_collections.slipway.vps.plugins.module_utils.cloud_input import wanted_servers
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import CloudProvider, FoundServer, WantedServer
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_access import CloudAccess
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_inventory import CloudInventory
from ansible_collections.slipway.vps.plugins.plugin_utils.cloud_provisioner import Listing
from ansible_collections.slipway.vps.plugins.plugin_utils.first_contact import FirstContact, SshAccess
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import application_names

ACCESS = "__servers_access"


class CloudAction(ApplicationAction):
    """Base of the actions `cloud_server` and `cloud_server_info`. `wanted` and `listings` are set by `look`."""

    TRANSFERS_FILES = False
    _requires_connection = False
    wanted: list[WantedServer]
    listings: dict[str, Listing]
    left_out: list[str]

    def tell(self, text: str) -> None:
        """One line of progress, in step with the callback's lines."""
        self._display.display(f"     {text}")

    @property
    def file(self) -> str:
        """The inventory, as messages name it."""
        try:
            return str(self.inventory_folder.relative_to(Path.cwd()))
        except ValueError:
            return str(self.inventory_folder)

    @property
    def project(self) -> str:
        return str(_plain(self._task.args.get("defaults") or {}).get("project") or "")

    @cached_property
    def inventory(self) -> CloudInventory:
        return CloudInventory(self.inventory_folder, str(self._filled_in("ansible_user") or ""))

    def read(self, task_vars: dict[str, Any] | None) -> None:
        """Reads and checks what the inventory wants. Raises InputError."""
        self.variables = task_vars or {}
        defaults = _plain(self._task.args.get("defaults") or {})
        if isinstance(defaults, dict) and defaults.get("ssh_keys") is None and self._login_key:
            defaults["ssh_keys"] = [f"{self._login_key}.pub"]
        servers = _plain(self._task.args.get("servers"))
        self.wanted = wanted_servers(
            self.file, self.inventory_folder, [] if servers is None else servers, defaults, self._known_groups()
        )

    def look(self, also: Iterable[str] = ()) -> None:
        """Lists the servers of every provider in use, all at the same time, and of the providers `also` for which there
        are credentials. Raises CloudError.
        """
        records = self.inventory.all_entries()
        places: dict[str, set[str]] = {provider: set() for provider in self.inventory.providers()}
        for server in self.wanted:
            places.setdefault(server.provider, set()).add(server.region)
        for entry in records.values():
            if entry.record.get("provider") in places:
                places[entry.record["provider"]].add(str(entry.record.get("region")))
        optional = [provider for provider in also if provider not in places]
        self.left_out = [provider for provider in optional if not self._access.has_credentials(provider)]
        places |= {provider: set() for provider in optional if provider not in self.left_out}
        with ThreadPoolExecutor() as pool:
            self.listings = dict(zip(places, pool.map(self._list, places.items()), strict=True))

    def _list(self, place: tuple[str, set[str]]) -> Listing:
        provider = self._access.connect(*place)
        begun = time.monotonic()
        return Listing(provider, provider.servers(), begun)

    @cached_property
    def _access(self) -> CloudAccess:
        return CloudAccess(self._filled_in(ACCESS) or {}, self.tell)

    def provider(self, name: str) -> CloudProvider:
        return self.listings[name].provider

    @property
    def found(self) -> list[FoundServer]:
        return [server for listing in self.listings.values() for server in listing.servers]

    def _filled_in(self, name: str) -> Any:
        """A variable of the run; of those that belong to hosts, as every host of this inventory would have it."""
        variables = {**self.variables, "inventory_dir": str(self.inventory_folder)}
        if name not in variables:
            return None
        try:
            return self._templar.copy_with_new_env(available_variables=variables).template(variables[name])
        except AnsibleError as error:
            raise AnsibleError(f"{name}: {' '.join(str(error).split())}") from None

    @property
    def _login_key(self) -> str:
        key = self._filled_in("ansible_ssh_private_key_file") or self._filled_in("ansible_private_key_file")
        return str(key or "")

    def contact(self) -> FirstContact:
        options = " ".join(
            str(self._filled_in(name) or "") for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args")
        )
        access = SshAccess(self.inventory.known_hosts.path, self._login_key, options)
        return FirstContact(access, self.tell)

    def _known_groups(self) -> set[str]:
        """The groups that playbooks know, those of processes, and those that the inventory has."""
        known = {APP_GROUP, DATA_GROUP, BUILDER_GROUP, *self.groups} - {"all", "ungrouped"}
        for name in application_names(self.inventory_folder):
            path = self.inventory_folder / "apps" / f"{name}.yml"
            data = self._loader.load_from_file(str(path), cache="none", trusted_as_template=True) or {}
            known |= set(data.get("processes") or {}) if isinstance(data, dict) else set()
        return known


def _plain(value: Any) -> Any:
    """The value without what Ansible keeps beside each text (where it came from), which YAML's writer does not know."""
    return json.loads(json.dumps(value, default=str))
