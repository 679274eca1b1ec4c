"""What is written into the inventory."""

from __future__ import annotations

import yaml

from sandbox import inventory, paths


def test_secrets_are_made_once() -> None:
    password = inventory.ensure_secrets()
    assert len(password) >= 24
    assert inventory.ensure_secrets() == password
    values = yaml.safe_load((paths.APPLICATIONS / "microblog.vault.yml").read_text())
    assert set(values) == {"vault_secret_key", "vault_database_password"}
    assert len(set(values.values()) | {password}) == 3


def test_secrets_are_for_their_owner_alone() -> None:
    inventory.ensure_secrets()
    assert paths.VAULT.stat().st_mode & 0o777 == 0o600


def test_what_a_person_added_is_kept() -> None:
    paths.write_private(paths.VAULT, "---\nvault_mail_password: mine\n")
    inventory.ensure_secrets()
    values = yaml.safe_load(paths.VAULT.read_text())
    assert values["vault_mail_password"] == "mine" and values["vault_registry_password"]


def test_the_fingerprint_is_written() -> None:
    inventory.write_generated("A" * 40)
    assert yaml.safe_load(paths.GENERATED.read_text()) == {"docker_apt_key_fingerprint": "A" * 40}
