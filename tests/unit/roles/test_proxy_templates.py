"""The proxy's Compose project, Caddyfile and sites, rendered without a host."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.unit.roles.rendering import render

SITE: dict[str, Any] = {
    "proxy_site_app": "shop",
    "proxy_site_domains": ["shop.example.com", "www.shop.example.com"],
    "proxy_site_port": 5000,
}


def service(**variables: Any) -> dict[str, Any]:
    return yaml.safe_load(render("proxy", "compose.yaml.j2", **variables))["services"]["proxy"]


def test_container_is_confined() -> None:
    proxy = service()
    assert proxy["read_only"] is True
    assert proxy["cap_drop"] == ["ALL"]
    assert proxy["cap_add"] == ["NET_BIND_SERVICE"]
    assert "no-new-privileges:true" in proxy["security_opt"]
    assert proxy["mem_limit"] == "256m"


def test_log_limits_are_strings_as_docker_wants_them() -> None:
    assert service(proxy_log_max_files=5)["logging"]["options"] == {"max-size": "10m", "max-file": "5"}


def test_ports() -> None:
    assert service(proxy_http_port=8080)["ports"] == ["8080:80/tcp", "443:443/tcp", "443:443/udp"]


def test_folders_are_mounted_read_only() -> None:
    mounts = {mount["target"]: mount for mount in service()["volumes"]}
    assert mounts["/live"]["read_only"] is True
    assert mounts["/etc/caddy"]["read_only"] is True
    assert mounts["/data"]["type"] == "volume"


def test_comes_back_after_a_signal_and_a_reboot() -> None:
    assert service()["restart"] == "always"


@pytest.mark.parametrize(("tls", "expected"), [("off", True), ("automatic", False), ("internal", False)])
def test_certificates_are_off_only_when_asked(tls: str, expected: bool) -> None:
    assert ("auto_https off" in render("proxy", "Caddyfile.j2", proxy_tls=tls)) is expected


def test_acme_settings_appear_when_given() -> None:
    text = render(
        "proxy", "Caddyfile.j2", proxy_acme_email="admin@example.com", proxy_acme_directory="https://acme/dir"
    )
    assert "\temail admin@example.com\n" in text
    assert "\tacme_ca https://acme/dir\n" in text
    assert "acme_ca" not in render("proxy", "Caddyfile.j2")


def test_admin_endpoint_is_no_network_port() -> None:
    assert "admin unix//run/" in render("proxy", "Caddyfile.j2")


def test_header_names_the_application_and_its_domains() -> None:
    first = render("proxy", "site.caddy.j2", **SITE).splitlines()[0]
    assert json.loads(first.removeprefix("# slipway ")) == {
        "format": 1,
        "app": "shop",
        "domains": ["shop.example.com", "www.shop.example.com"],
    }


def test_site_reads_the_release_at_each_request() -> None:
    text = render("proxy", "site.caddy.j2", **SITE)
    assert "name {file./live/shop/upstream}" in text
    assert "port {file./live/" in text
    assert "keepalive 500ms" in text


def test_plain_site_has_plain_addresses() -> None:
    text = render("proxy", "site.caddy.j2", **SITE, proxy_site_tls="off")
    assert "http://shop.example.com, http://www.shop.example.com {" in text
    assert "shop.example.com, www.shop.example.com {" in render("proxy", "site.caddy.j2", **SITE)


def test_internal_authority() -> None:
    assert "\ttls internal\n" in render("proxy", "site.caddy.j2", **SITE, proxy_tls="internal")
    assert "tls internal" not in render("proxy", "site.caddy.j2", **SITE)


def test_directives_of_the_user_are_indented() -> None:
    text = render("proxy", "site.caddy.j2", **SITE, proxy_site_directives="encode\nheader X-Name value\n")
    assert "\tencode\n\theader X-Name value\n" in text


def test_braces_are_balanced() -> None:
    for text in (render("proxy", "site.caddy.j2", **SITE), render("proxy", "Caddyfile.j2")):
        assert text.count("{") == text.count("}")
