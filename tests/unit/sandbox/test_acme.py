"""The ACME authorities: what they are told, and which of their roots are remembered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox import acme, names


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acme, "ROOTS", tmp_path / "acme-roots.pem")


def root(text: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{text}\n{acme.END}"


def test_validates_by_the_sandbox_s_name_server_and_the_servers_ports() -> None:
    specification = acme.STANDARD.specification()
    configuration = json.loads(specification.files["/etc/pebble/config.json"].content)["pebble"]
    assert (configuration["httpPort"], configuration["tlsPort"]) == (80, 443)
    assert specification.command == ("-dnsserver", f"{names.DNS_ADDRESS}:53")


def test_only_the_second_one_s_certificates_are_short_lived() -> None:
    assert acme.STANDARD.lifetime >= 86400 > acme.SHORT_LIVED.lifetime
    assert acme.STANDARD.specification().address != acme.SHORT_LIVED.specification().address


def test_each_root_is_remembered_once() -> None:
    for text in ("one", "two", "one"):
        acme._add(root(text))
    assert acme.ROOTS.read_text() == root("one") + root("two")


def test_the_oldest_roots_are_forgotten() -> None:
    for number in range(acme.KEPT_ROOTS + 2):
        acme._add(root(str(number)))
    assert acme.ROOTS.read_text().startswith(root("2"))
    assert acme.ROOTS.read_text().count(acme.END) == acme.KEPT_ROOTS
