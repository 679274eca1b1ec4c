"""What `up` writes into inventory/sandbox: secrets and facts that are made on this machine, only where absent."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from sandbox import paths

HEADER = (
    "# Made by the sandbox for this checkout alone; never committed. Plain, as nothing outside this machine uses it.\n"
)
# Tokens of cloud.sandbox, in the form that each vendor's have.
CLOUD_TOKENS: Mapping[str, Callable[[], str]] = {
    "vault_digitalocean_token": lambda: f"dop_v1_{secrets.token_hex(32)}",
    "vault_linode_token": lambda: secrets.token_hex(32),
    "vault_aws_access_key_id": lambda: "AKIA" + _text(16, string.ascii_uppercase + "234567"),
    "vault_aws_secret_access_key": lambda: _text(40, string.ascii_letters + string.digits + "+/"),
}
APPLICATION_SECRETS = {"microblog": ("vault_secret_key", "vault_database_password")}


def ensure_secrets() -> str:
    """Make the secrets that are absent; the registry's password."""
    password = ensure_values(paths.VAULT, ("vault_registry_password",))["vault_registry_password"]
    for application, variables in APPLICATION_SECRETS.items():
        ensure_values(paths.APPLICATIONS / f"{application}.vault.yml", variables)
    return password


def ensure_cloud_tokens() -> dict[str, str | dict[str, str]]:
    """The credentials by vendor, as cloud.sandbox takes them; what is absent is made."""
    values = ensure_values(paths.VAULT, CLOUD_TOKENS)
    return {
        "digitalocean": values["vault_digitalocean_token"],
        "linode": values["vault_linode_token"],
        "lightsail": {values["vault_aws_access_key_id"]: values["vault_aws_secret_access_key"]},
    }


def _text(length: int, letters: str) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _secret() -> str:
    return secrets.token_urlsafe(24)


def ensure_values(path: Path, variables: Mapping[str, Callable[[], str]] | tuple[str, ...]) -> dict[str, str]:
    """Values of a file of secrets; what is absent is made (by the variable's own function), the rest is kept."""
    makers = variables if isinstance(variables, Mapping) else dict.fromkeys(variables, _secret)
    values = yaml.safe_load(path.read_text()) or {} if path.exists() else {}
    missing = [name for name in makers if name not in values]
    if missing:
        values |= {name: makers[name]() for name in missing}
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
