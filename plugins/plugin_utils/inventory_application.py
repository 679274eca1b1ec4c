"""Reads an application's files from the inventory, before any host is contacted: vault, templates, validation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.dataloader import DataLoader
from ansible_collections.slipway.vps.plugins.module_utils.application import (
    APP_GROUP,
    BUILDER_GROUP,
    Application,
    build_application,
)
from ansible_collections.slipway.vps.plugins.module_utils.credentials import credential_problems
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.validation import application_problems


def application_names(inventory: Path) -> list[str]:
    return sorted(path.stem for path in (inventory / "apps").glob("*.yml") if not path.name.endswith(".vault.yml"))


def application_name(inventory: Path, wanted: str) -> str:
    """The name of the application to work on: the wanted one, else the only one. Raises InputError."""
    folder = inventory / "apps"
    names = application_names(inventory)
    if wanted and wanted in names:
        return wanted
    if not names:
        raise InputError(
            [Problem(_show(folder), "(folder)", "no application", "a file <app>.yml; inventory/example shows one")]
        )
    if wanted:
        raise InputError([Problem(_show(folder), "-e app", repr(wanted), "one of " + ", ".join(names))])
    if len(names) > 1:
        raise InputError(
            [Problem(_show(folder), "-e app", "nothing, and several applications", "one of " + ", ".join(names))]
        )
    return names[0]


def load_application(
    inventory: Path, name: str, loader: DataLoader, templar: Any, variables: dict[str, Any]
) -> Application:
    """The application `name` with its templates filled in from the vault file and the variables. Raises InputError."""
    file = inventory / "apps" / f"{name}.yml"
    vault = inventory / "apps" / f"{name}.vault.yml"
    secrets = _read(loader, vault) if vault.exists() else {}
    if not isinstance(secrets, dict):
        expected = "a mapping of names to values, which the application's file refers to"
        raise InputError([Problem(_show(vault), "(whole file)", f"a {_kind(secrets)}", expected)])
    data = _read(loader, file)
    data = _template(templar.copy_with_new_env(available_variables={**variables, **secrets}), data, _show(file), "")
    problems = application_problems(_show(file), name, data)
    if problems:
        raise InputError(problems)
    application = build_application(name, data)
    problems = credential_problems(_show(file), application)
    if problems:
        raise InputError(problems)
    return application


def inventory_problems(inventory: Path, groups: dict[str, list[str]], builds: bool = False) -> list[Problem]:
    """What is missing in the inventory itself; `builds`: an image is to be built, nothing is to be deployed."""
    group, purpose = (BUILDER_GROUP, "to build the image") if builds else (APP_GROUP, "to run the application")
    if not groups.get(group):
        return [Problem(_show(inventory), f"group `{group}`", "no host", f"at least one host, {purpose}")]
    return []


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "single value"


def _show(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _read(loader: DataLoader, path: Path) -> Any:
    try:
        data = loader.load_from_file(str(path), cache="none", trusted_as_template=True)
    except AnsibleError as error:
        text = to_text(error)
        if "vault" in text.lower() or "decrypt" in text.lower():
            expected = "the vault's password: --vault-password-file <file>, or ANSIBLE_VAULT_PASSWORD_FILE"
            raise InputError(
                [Problem(_show(path), "(whole file)", "an encrypted file that could not be decrypted", expected)]
            ) from None
        raise InputError([Problem(_show(path), "(whole file)", " ".join(text.split()), "valid YAML")]) from None
    return {} if data is None else data


def _template(templar: Any, value: Any, file: str, key: str) -> Any:
    """The value with each template in it filled in; an undefined variable is a problem of the key that names it."""
    if isinstance(value, dict):
        return {
            str(name): _template(templar, item, file, f"{key}.{name}" if key else str(name))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_template(templar, item, file, f"{key}.{number}") for number, item in enumerate(value)]
    if isinstance(value, str):
        try:
            result = templar.template(value)
        except AnsibleError as error:
            reason = " ".join(to_text(error).split())
            expected = "a variable that the inventory or the application's vault file defines, decrypted"
            raise InputError([Problem(file, key, reason[:200], expected)]) from None
        return str(result) if isinstance(result, str) else result
    return value
