"""Mistakes in what the inventory wants: one clear line each, and nothing is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clouds.account import Account, server
from tests.clouds.stand_in import StandIn

WEB = "wrong-1"
CASES: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "provider": (
        {"provider": "hetzner"},
        ("servers.0.provider", '"hetzner"', "one of digitalocean, linode, lightsail"),
    ),
    "region": ({"region": "fra"}, ("servers.0.region", "fra, which digitalocean does not have", "fra1")),
    "size": ({"size": "s-1vcpu-2g"}, ("servers.0.size", "which digitalocean does not have", "s-1vcpu-2gb")),
    "image": ({"image": "debian-13"}, ("servers.0.image", "which digitalocean does not have", "debian-13-x64")),
    "name": ({"name": "web_1"}, ("servers.0.name", '"web_1"', "a host name of its own")),
    "group": ({"groups": ["apps"]}, ("servers.0.groups", '"apps"', "a group that a playbook knows")),
    "private key": (
        {"ssh_keys": ["-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"]},
        ("servers.0.ssh_keys", "a private key", "a public key"),
    ),
    "no key": ({"ssh_keys": ["ssh-ed25519 AAAA"]}, ("servers.0.ssh_keys", "cut off or changed")),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_says_what_is_wrong(account: Account, faults: StandIn, case: str) -> None:
    change, words = CASES[case]
    account.wants({**server(WEB, "digitalocean"), **change})
    outcome = account.provision().failed().says_not("Traceback")
    outcome.one_line_with(*words)
    assert not [name for name in faults.operations() if name.startswith("POST")]
    assert not account.known_hosts


@pytest.mark.parametrize(
    ("provider", "settings", "words"),
    [
        ("digitalocean", {"servers_digitalocean_token": ""}, ("no token for DigitalOcean", "DIGITALOCEAN_TOKEN")),
        ("linode", {"servers_linode_token": ""}, ("no token for Linode", "LINODE_TOKEN")),
        ("digitalocean", {"servers_digitalocean_token": "dop_v1_wrong"}, ("does not accept the token",)),
    ],
)
def test_a_token_that_is_missing_or_wrong(
    account: Account, faults: StandIn, provider: str, settings: dict[str, str], words: tuple[str, ...]
) -> None:
    account.wants(server(WEB, provider)).settings(**settings)
    account.provision().failed().says_not("Traceback", "dop_v1_wrong").one_line_with(*words)
    account.settings(**{name: f"{{{{ {name.replace('servers', 'vault')} }}}}" for name in settings})


def test_two_servers_of_one_name(account: Account, faults: StandIn) -> None:
    account.wants(server(WEB, "digitalocean"), server(WEB, "linode"))
    account.provision().failed().one_line_with("servers.1.name", f"{WEB}, a second time", "each name once")
    assert not faults.operations()
