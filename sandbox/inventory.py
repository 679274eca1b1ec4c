"""What `up` writes into inventory/sandbox: secrets and facts that are made on this machine, only where absent."""

from __future__ import annotations

import secrets
from pathlib import Path

import yaml

from sandbox import paths

HEADER = (
    "# Made by the sandbox for this checkout alone; never committed. Plain, as nothing outside this machine uses it.\n"
)
APPLICATION_SECRETS = {"microblog": ("vault_secret_key", "vault_database_password")}


def ensure_secrets() -> str:
    """Make the secrets that are absent; the registry's password."""
    password = ensure_values(paths.VAULT, ("vault_registry_password",))["vault_registry_password"]
    for application, variables in APPLICATION_SECRETS.items():
        ensure_values(paths.APPLICATIONS / f"{application}.vault.yml", variables)
    return password


def ensure_values(path: Path, variables: tuple[str, ...]) -> dict[str, str]:
    """Values of a file of secrets; what is absent is made, what a person added is kept."""
    values = yaml.safe_load(path.read_text()) or {} if path.exists() else {}
    missing = [name for name in variables if name not in values]
    if missing:
        values |= {name: secrets.token_urlsafe(24) for name in missing}
        write_values(path, values)
    return values


def write_generated(fingerprint: str) -> None:
    """Write the facts that only a running sandbox knows."""
    write_values(paths.GENERATED, {"docker_apt_key_fingerprint": fingerprint}, 0o644)


def write_values(path: Path, values: dict[str, str], mode: int = 0o600) -> None:
    """Write variables as YAML, unless the file says the same already."""
    text = f"---\n{HEADER}{yaml.safe_dump(values, default_flow_style=False)}"
    if not path.exists() or path.read_text() != text:
        paths.write_private(path, text, mode)
