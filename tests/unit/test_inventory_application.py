"""An application is read from its inventory; what is wrong in it is told before any host is contacted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar
from ansible_collections.slipway.vps.plugins.module_utils.application import Application
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import (
    application_name,
    application_names,
    load_application,
)

ROOT = Path(__file__).parents[2]
SHOP = """
image: "{{ registry }}/acme/shop"
domains: [shop.example.com]
port: 5000
secrets: {SECRET_KEY: "{{ vault_secret_key }}"}
processes: {web: {deploy: {replicas: "{{ web_count }}"}}}
"""
VAULT = "vault_secret_key: 's3cret{{ literal }}'\n"
PASSWORD = VaultSecret(b"correct horse")
VARIABLES = {"registry": "registry.example.com", "web_count": 3, "literal": "!"}


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "production/apps").mkdir(parents=True)
    (tmp_path / "production/apps/shop.yml").write_text(SHOP)
    (tmp_path / "production/apps/shop.vault.yml").write_text(VAULT)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "production"


def encrypt(path: Path) -> None:
    path.write_bytes(VaultLib([("default", PASSWORD)]).encrypt(path.read_text()))


def load(inventory: Path, *, with_password: bool = True, name: str = "shop", **variables: object) -> Application:
    loader = DataLoader()
    loader.set_vault_secrets([("default", PASSWORD)] if with_password else [])
    known = {**VARIABLES, **variables}
    return load_application(inventory, name, loader, Templar(loader=loader, variables=known), known)


def problem(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_templates_and_vault_are_filled_in(inventory: Path) -> None:
    encrypt(inventory / "apps/shop.vault.yml")
    shop = load(inventory)
    assert shop.image == "registry.example.com/acme/shop"
    assert shop.secrets == {"SECRET_KEY": "s3cret!"}
    assert shop.processes[0].replicas == 3


@pytest.mark.parametrize("with_password", [True, False])
def test_a_vault_that_cannot_be_decrypted(inventory: Path, with_password: bool) -> None:
    """Neither with another password nor without any."""
    path = inventory / "apps/shop.vault.yml"
    path.write_bytes(VaultLib([("default", VaultSecret(b"another"))]).encrypt(VAULT))
    text = problem(lambda: load(inventory, with_password=with_password))
    assert text.startswith("production/apps/shop.vault.yml: (whole file): found an encrypted file that could not be")
    assert "--vault-password-file" in text and "s3cret" not in text


def test_a_variable_that_nobody_defines_is_named_with_its_key(inventory: Path) -> None:
    (inventory / "apps/shop.vault.yml").unlink()
    text = problem(lambda: load(inventory))
    assert text.startswith("production/apps/shop.yml: secrets.SECRET_KEY: found ")
    assert "vault_secret_key" in text and "expected a variable that the inventory" in text


def test_a_file_that_is_no_yaml(inventory: Path) -> None:
    (inventory / "apps/shop.yml").write_text("image: [unclosed\nport: 5")
    assert "production/apps/shop.yml: (whole file): found" in problem(lambda: load(inventory))


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list\n"])
def test_a_file_that_is_no_application(inventory: Path, text: str) -> None:
    (inventory / "apps/shop.yml").write_text(text)
    with pytest.raises(InputError, match=r"production/apps/shop\.yml: "):
        load(inventory)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list\n"])
def test_a_vault_file_that_is_no_mapping(inventory: Path, text: str) -> None:
    (inventory / "apps/shop.vault.yml").write_text(text)
    with pytest.raises(InputError, match=r"production/apps/shop"):
        load(inventory)


def test_the_only_application_needs_no_name(inventory: Path) -> None:
    assert application_names(inventory) == ["shop"]
    assert application_name(inventory, "") == application_name(inventory, "shop") == "shop"


def test_several_applications_need_one(inventory: Path) -> None:
    (inventory / "apps/blog.yml").write_text(SHOP)
    assert "expected one of blog, shop" in problem(lambda: application_name(inventory, ""))
    assert "found 'shpo'; expected one of blog, shop" in problem(lambda: application_name(inventory, "shpo"))


def test_no_application(inventory: Path) -> None:
    (inventory / "apps/shop.yml").unlink()
    assert "found no application; expected a file <app>.yml" in problem(lambda: application_name(inventory, ""))


# Nothing listens there: a run that contacted the host would say so.
HOSTS = "all: {children: {app: {hosts: {vps-1: {ansible_host: 127.0.0.1, ansible_port: 1}}}}}\n"


def deploy(inventory: Path, *options: str) -> str:
    """The output of a real run of deploy.yml, which is to fail."""
    program = str(Path(sys.executable).parent / "ansible-playbook")
    command = [program, "-i", str(inventory), "playbooks/deploy.yml", "-e", json.dumps(VARIABLES), *options]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "0"}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    output = answer.stdout + answer.stderr
    assert answer.returncode != 0, output
    assert "Traceback" not in output and "cannot be reached" not in output
    return output


def test_a_run_stops_before_any_host_is_contacted(inventory: Path) -> None:
    (inventory / "hosts.yml").write_text(HOSTS)
    (inventory / "apps/shop.yml").write_text(SHOP.replace("port: 5000", "prot: 5000") + "services: {db: {preset: x}}\n")
    output = deploy(inventory)
    assert "The input is not right; no host was contacted." in output
    for line in ("prot: found a key that is not known; expected `port` perhaps", 'services.db.preset: found "x"'):
        assert f"apps/shop.yml: {line}" in output


def test_a_run_without_a_host_for_the_application(inventory: Path) -> None:
    (inventory / "hosts.yml").write_text("all: {children: {data: {hosts: {vps-1: {}}}}}\n")
    output = deploy(inventory)
    assert "group `app`: found no host; expected at least one host, to run the application" in output


def test_a_domain_and_a_volume_that_two_applications_have(inventory: Path) -> None:
    (inventory / "hosts.yml").write_text(HOSTS)
    (inventory / "apps/shop.yml").write_text(SHOP + "services: {cache: {preset: redis}}\n")
    (inventory / "apps/shop-cache.yml").write_text(
        "image: acme/blog\ndomains: [SHOP.example.com]\nport: 80\nprocesses: {web: {volumes: ['data:/data']}}\n"
    )
    output = deploy(inventory, "-e", "app=shop")
    assert "domains: found shop.example.com, which shop-cache has too; expected each domain once" in output
    assert "volumes: found the volume shop-cache-data (by its name on a host), which shop-cache has too" in output
