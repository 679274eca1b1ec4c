"""A user's own certificate and key: each thing that may be wrong with them, in one line."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.vps.plugins.plugin_utils.certificate_check import (
    authority_problems,
    certificate_problems,
    covers,
)

from tests.unit.tls.authority import Pair, issue

FILE = "apps/shop.yml"
NAMES = ["shop.example.com", "www.shop.example.com"]


@pytest.fixture(scope="module")
def root() -> Pair:
    return issue("Test root")


@pytest.fixture(scope="module")
def intermediate(root: Pair) -> Pair:
    return issue("Test intermediate", by=root)


def problems(pair: Pair, chain: bytes = b"", key: bytes = b"", names: list[str] = NAMES) -> list[str]:
    return [str(found) for found in certificate_problems(FILE, chain or pair.chain, key or pair.key(), names)]


def test_right_with_an_intermediate(intermediate: Pair) -> None:
    pair = issue("shop", *NAMES, by=intermediate)
    assert pair.chain.count(b"BEGIN CERTIFICATE") == 2
    assert problems(pair) == []


def test_right_with_a_wildcard(root: Pair) -> None:
    assert problems(issue("shop", "shop.example.com", "*.shop.example.com", by=root)) == []


def test_expired(root: Pair) -> None:
    (found,) = problems(issue("shop", *NAMES, by=root, begins=-90, ends=-1))
    assert "tls.certificate: found one that has expired on 20" in found
    assert found.endswith("expected one that is valid")


def test_not_valid_yet(root: Pair) -> None:
    (found,) = problems(issue("shop", *NAMES, by=root, begins=1))
    assert "found one that is valid from 20" in found


def test_expired_intermediate(root: Pair) -> None:
    old = issue("Old intermediate", by=root, begins=-90, ends=-1)
    (found,) = problems(issue("shop", *NAMES, by=old))
    assert "tls.certificate (intermediate 1): found one that has expired" in found


def test_name_that_is_not_covered(root: Pair) -> None:
    (found,) = problems(issue("shop", "shop.example.com", by=root))
    assert (
        found
        == f"{FILE}: tls.certificate: found one for shop.example.com; expected one that covers www.shop.example.com"
    )


def test_an_address_has_to_be_in_the_certificate_too(root: Pair) -> None:
    names = [*NAMES, "203.0.113.7"]
    assert problems(issue("shop", *names, by=root), names=names) == []
    (found,) = problems(issue("shop", *NAMES, by=root), names=names)
    assert "expected one that covers 203.0.113.7" in found


def test_key_of_another_certificate(root: Pair) -> None:
    (found,) = problems(issue("shop", *NAMES, by=root), key=root.key())
    assert "tls.key: found the key of another certificate" in found


def test_intermediate_first(intermediate: Pair) -> None:
    pair = issue("shop", *NAMES, by=intermediate)
    found = problems(pair, chain=intermediate.pem + pair.pem)
    assert any("found the key's certificate as number 2; expected the certificate first" in line for line in found)


def test_intermediate_of_another_authority(root: Pair) -> None:
    pair = issue("shop", *NAMES, by=root)
    found = problems(pair, chain=pair.pem + issue("Stranger").pem)
    assert found == [
        f"{FILE}: tls.certificate: found certificate 2 of the chain did not sign number 1; "
        "expected the certificate, then its intermediates in order"
    ]


def test_key_with_a_passphrase(root: Pair) -> None:
    pair = issue("shop", *NAMES, by=root)
    (found,) = problems(pair, key=pair.key(b"a passphrase"))
    assert "tls.key: found a key with a passphrase" in found


def test_no_key_and_no_certificate(root: Pair) -> None:
    pair = issue("shop", *NAMES, by=root)
    assert "tls.key: found no private key" in problems(pair, key=b"s3cr3t")[0]
    assert "s3cr3t" not in problems(pair, key=b"s3cr3t")[0]
    assert "tls.certificate: found no certificate" in problems(pair, chain=pair.key())[0]


def test_authority(root: Pair) -> None:
    assert list(authority_problems("group_vars", "proxy_acme_ca_root", root.pem)) == []
    (found,) = authority_problems("group_vars", "proxy_acme_ca_root", b"text")
    assert "found no certificate in the file" in str(found)


def test_a_wildcard_stands_for_one_label() -> None:
    assert covers("*.example.com", "shop.Example.com")
    assert not covers("*.example.com", "a.shop.example.com")
    assert not covers("*.example.com", "example.com")
    assert covers("example.com", "EXAMPLE.com")
