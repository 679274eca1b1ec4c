"""How an application is published: what may stand in domains, redirects, tls and proxy."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.site import (
    Tls,
    build_tls,
    is_address,
    is_public,
    site_problems,
)

FILE = "apps/shop.yml"
SECRET = "-----BEGIN PRIVATE KEY-----\nMIGH"


def problems(**data: Any) -> list[str]:
    return [str(problem) for problem in site_problems(FILE, {"domains": ["shop.example.com"], **data})]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"redirects": ["www.shop.example.com", "shop.example.org"]},
        {"domains": ["shop.example.com", "*.shop.example.com"]},
        {"tls": "automatic"},
        {"tls": "internal"},
        {"tls": False},
        {"tls": {"certificate": "certificates/shop.pem", "key": "certificates/shop.key"}},
        {
            "proxy": {
                "headers": {"X-Frame-Options": None, "Permissions-Policy": "camera=()"},
                "hsts": "",
                "body_limit": "",
            }
        },
        {"proxy": {"body_limit": "1.5GiB", "compression": False, "directives": "encode\n"}},
        {"proxy": {"body_limit": 1048576}},
    ],
)
def test_right(data: dict[str, Any]) -> None:
    assert problems(**data) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"domains": "shop.example.com"}, "domains: found "),
        ({"domains": ["http://shop.example.com"]}, "expected a domain name such as shop.example.com"),
        ({"domains": ["shop_1.example.com"]}, "expected a domain name"),
        ({"domains": ["*.example.com"]}, "expected a plain name first"),
        ({"redirects": ["Shop.example.com"]}, "redirects: found `Shop.example.com` twice; expected each domain once"),
        ({"domains": [], "redirects": ["www.example.com"]}, "redirects: found no domains"),
        ({"tls": "on"}, "tls: found"),
        ({"tls": True}, "expected automatic, internal, off, or a mapping with certificate and key"),
        ({"tls": {"certificate": "shop.pem"}}, "tls.key: found nothing; expected the path of a PEM file"),
        ({"tls": {"certificate": "shop.pem", "key": "shop.key", "chain": "x"}}, "tls.chain"),
        ({"proxy": []}, "proxy: found"),
        ({"proxy": {"header": {}}}, "proxy.header"),
        ({"proxy": {"headers": {"X Frame": "a"}}}, "proxy.headers.X Frame"),
        ({"proxy": {"headers": {"X-Name": "a\nb"}}}, "found no single line of text"),
        ({"proxy": {"body_limit": "lots"}}, "expected a size such as 500MB"),
        ({"proxy": {"compression": "yes"}}, "proxy.compression: found"),
        ({"proxy": {"directives": ["encode"]}}, "expected lines for the site's block of the Caddyfile"),
    ],
)
def test_wrong(data: dict[str, Any], expected: str) -> None:
    found = problems(**data)
    assert len(found) == 1, found
    assert found[0].startswith(f"{FILE}: ")
    assert expected in found[0]


def test_a_key_in_the_place_of_a_path_is_not_shown() -> None:
    found = problems(tls={"certificate": "shop.pem", "key": SECRET})
    assert found == [
        f"{FILE}: tls.key: found the PEM itself; expected the path of a PEM file, which ansible-vault may encrypt"
    ]


def test_off_is_what_yaml_makes_of_it() -> None:
    assert build_tls(False) == Tls("off") == build_tls("off")
    assert build_tls(None) == Tls()
    assert build_tls({"certificate": "a.pem", "key": "a.key"}) == Tls("files", "a.pem", "a.key")


def test_public_names() -> None:
    assert is_public("shop.example.com")
    for name in ("shop.localhost", "printer.local", "db.internal", "shop", "203.0.113.7", "nas.home.arpa", "a.test"):
        assert not is_public(name)


def test_addresses() -> None:
    assert is_address("203.0.113.7")
    assert is_address("[2001:db8::1]")
    assert not is_address("203.example.com")
