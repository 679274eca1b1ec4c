"""The parsing in the modules that roles docker and registry use."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.registry import (
    DOCKER_HUB,
    Login,
    configuration_path,
    explain,
    is_logged_in,
)
from ansible_collections.slipway.vps.plugins.modules.apt_signing_key import primary_fingerprints
from ansible_collections.slipway.vps.plugins.modules.debian_facts import parse_os_release, parse_packages

LISTING = """tru::1:1795504510:0:3:1:5
pub:-:4096:1:8D81803C0EBFCD88:1487788586:::-:::scESCA::::::23::0:
fpr:::::::::9DC858229FC7DD38854AE2D88D81803C0EBFCD88:
uid:-::::1487792064::A51F4A1C::Docker Release (CE deb) <docker@docker.com>::::::::::0:
sub:-:4096:1:7EA0A9C3F273FCD8:1487788586::::::s::::::23:
fpr:::::::::D3306A018370199E527AE7997EA0A9C3F273FCD8:
"""


def test_only_primary_keys_count() -> None:
    assert primary_fingerprints(LISTING) == ["9DC858229FC7DD38854AE2D88D81803C0EBFCD88"]


def test_a_second_key_in_the_file_is_seen() -> None:
    other = "pub:-:255:22:AAAA:1:::-:::scESC:::::ed25519:::0:\nfpr:::::::::" + "A" * 40 + ":\n"
    assert len(primary_fingerprints(LISTING + other)) == 2


def test_no_key_has_no_fingerprint() -> None:
    assert primary_fingerprints("") == []


def test_os_release_without_its_quotes() -> None:
    text = '# comment\nID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
    assert parse_os_release(text) == {"ID": "debian", "VERSION_ID": "13", "PRETTY_NAME": "Debian GNU/Linux 13 (trixie)"}


def test_packages_that_are_gone_or_held() -> None:
    listing = "docker-ce\t5:28.0.1-1\thold\tinstalled\ncontainerd.io\t1.7\tdeinstall\tconfig-files\n"
    assert parse_packages(listing) == ({"docker-ce": "5:28.0.1-1"}, ["docker-ce"])


@pytest.mark.parametrize(
    ("server", "key"),
    [
        ("", DOCKER_HUB),
        ("docker.io", DOCKER_HUB),
        ("https://index.docker.io/v1/", DOCKER_HUB),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("https://registry.example.com/", "registry.example.com"),
    ],
)
def test_registry_names(server: str, key: str) -> None:
    assert Login(server, "user", "password").key == key


def store(home: Path, login: Login, mode: int) -> Path:
    path = configuration_path(home)
    path.parent.mkdir(parents=True)
    auth = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    path.write_text(json.dumps({"auths": {login.key: {"auth": auth}}}), encoding="utf-8")
    path.chmod(mode)
    return path


def test_stored_credentials_are_recognised(tmp_path: Path) -> None:
    login = Login("registry.example.com", "deploy", "one:two")
    assert not is_logged_in(login, configuration_path(tmp_path))
    path = store(tmp_path, login, 0o600)
    assert is_logged_in(login, path)
    assert not is_logged_in(Login("registry.example.com", "deploy", "other"), path)
    assert not is_logged_in(Login("other.example.com", "deploy", "one:two"), path)


def test_credentials_that_others_can_read_are_stored_again(tmp_path: Path) -> None:
    login = Login("registry.example.com", "deploy", "password")
    assert not is_logged_in(login, store(tmp_path, login, 0o644))


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        ("Error response from daemon: login attempt failed with status: 401 Unauthorized", "refuses user deploy"),
        ("Error response from daemon: Get https://r/v2/: unauthorized: incorrect username or password", "refuses user"),
        ("Error response from daemon: Get https://r/v2/: dial tcp: lookup r: no such host", "cannot be reached"),
        ("Error: Get https://r/v2/: dial tcp 10.0.0.1:443: connect: connection refused", "cannot be reached"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "does not trust"),
        ("WARNING! stored unencrypted\nsomething else", "cannot log in: something else"),
    ],
)
def test_failed_logins_are_told_in_one_line(complaint: str, expected: str) -> None:
    text = explain(Login("r.example.com", "deploy", "hidden-word"), complaint)
    assert "r.example.com" in text
    assert expected in text
    assert "hidden-word" not in text
    assert "\n" not in text
