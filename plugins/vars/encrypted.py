"""Names the encrypted file of the inventory for which the vault's password is missing or wrong; Ansible names none."""

from __future__ import annotations

DOCUMENTATION = """
name: encrypted
short_description: Names an encrypted file that cannot be decrypted
version_added: 0.1.0
description:
  - Adds no variable. Looks at the encrypted files in C(group_vars) and C(host_vars) before
    P(ansible.builtin.host_group_vars#vars) does, and ends the run with one line that names the file when the vault's
    password is missing or wrong.
author: [Slipway maintainers (@slipway-deploy)]
requirements:
  - stands before host_group_vars in C(vars_plugins_enabled) of ansible.cfg
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import InventoryObjectType
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import is_encrypted_file
from ansible.plugins.vars import BaseVarsPlugin
from ansible_collections.slipway.vps.plugins.module_utils.problem import Problem

FOLDERS = {InventoryObjectType.GROUP: "group_vars", InventoryObjectType.HOST: "host_vars"}


class VarsModule(BaseVarsPlugin):
    is_stateless = True
    _seen: set[tuple[str, str]] = set()  # noqa: RUF012 - one for the run: each file is looked at once

    def get_vars(self, loader: DataLoader, path: str, entities: Any, cache: bool = True) -> dict[str, Any]:
        for entity in entities if isinstance(entities, list) else [entities]:
            place = Path(path)
            folder = (place if place.is_dir() else place.parent) / FOLDERS[entity.base_type]
            if (str(folder), entity.name) not in self._seen:
                self._seen.add((str(folder), entity.name))
                self._check(loader, folder, entity.name)
        return {}

    @staticmethod
    def _check(loader: DataLoader, folder: Path, name: str) -> None:
        """Raises AnsibleParserError for a file that cannot be decrypted."""
        if name.startswith("/") or not folder.is_dir():
            return
        for file in loader.find_vars_files(str(folder), name):
            with Path(str(file)).open("rb") as content:
                if not is_encrypted_file(content):
                    continue
            try:
                # In the same words as host_group_vars, which then finds it in the loader's cache.
                loader.load_from_file(str(file), cache="all", unsafe=True, trusted_as_template=True)
            except AnsibleError as error:
                raise AnsibleParserError(str(_problem(str(file), str(error)))) from None


def _problem(file: str, reason: str) -> Problem:
    if "decrypt" not in reason.lower():
        return Problem(file, "(whole file)", " ".join(reason.split()), "valid YAML")
    expected = "the vault's password: --vault-password-file <file>, or ANSIBLE_VAULT_PASSWORD_FILE"
    return Problem(file, "(whole file)", "an encrypted file that could not be decrypted", expected)
