"""Hosts of inventory/<env>/hosts/<file> belong to inventory/<env>: their inventory_dir is that folder."""

from __future__ import annotations

DOCUMENTATION = """
name: environment
short_description: Gives hosts of an environment's folder C(hosts) the environment's own folder
version_added: 0.1.0
description:
  - Ansible sets C(inventory_dir) to the folder of the file that names a host. For the files in
    C(inventory/<env>/hosts), which C(provision.yml) writes, this would be another one than for
    C(inventory/<env>/hosts.yml); known_hosts, applications and variables are beside that.
author: [Slipway maintainers (@slipway-deploy)]
requirements:
  - stands after host_group_vars in C(vars_plugins_enabled) of ansible.cfg
"""

from pathlib import Path
from typing import Any

from ansible.inventory.group import InventoryObjectType
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.vars import BaseVarsPlugin

FOLDER = "hosts"


class VarsModule(BaseVarsPlugin):
    is_stateless = True

    def get_vars(self, loader: DataLoader, path: str, entities: Any, cache: bool = True) -> dict[str, Any]:
        for entity in entities if isinstance(entities, list) else [entities]:
            if entity.base_type != InventoryObjectType.HOST:
                continue
            folder = Path(str(entity.vars.get("inventory_dir") or "."))
            if folder.name == FOLDER and folder.parent == Path(path):
                return {"inventory_dir": str(folder.parent)}
        return {}
