"""The proxy's Compose project, Caddyfile and sites, rendered without a host."""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.unit.roles.rendering import evaluate, render

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


def test_redirects_are_the_sites_own() -> None:
    assert "auto_https disable_redirects" in render("proxy", "Caddyfile.j2")


def test_the_user_s_own_global_options_count_over_the_sites_address() -> None:
    text = render("proxy", "Caddyfile.j2", proxy_global_options="default_sni shop.example.com\n")
    assert text.index("import default_name.caddy") < text.index("default_sni shop.example.com")


def test_the_address_for_the_authority_appears_when_given() -> None:
    assert "\temail admin@example.com\n" in render("proxy", "Caddyfile.j2", proxy_acme_email="admin@example.com")
    assert "email" not in render("proxy", "Caddyfile.j2")


def test_a_proxy_in_front_is_believed_when_named() -> None:
    text = render("proxy", "Caddyfile.j2", proxy_trusted_proxies=["10.0.0.0/8", "fd00::/8"])
    assert "trusted_proxies static 10.0.0.0/8 fd00::/8\n" in text
    assert "trusted_proxies" not in render("proxy", "Caddyfile.j2")


def test_admin_endpoint_is_no_network_port() -> None:
    assert "admin unix//run/" in render("proxy", "Caddyfile.j2")


def site(**variables: Any) -> str:
    return render("proxy", "site.caddy.j2", **{**SITE, **variables})


def test_header_names_the_application_and_its_domains() -> None:
    first = site(proxy_site_redirects=["shop.example.org"]).splitlines()[0]
    assert json.loads(first.removeprefix("# slipway ")) == {
        "format": 1,
        "app": "shop",
        "domains": ["shop.example.com", "www.shop.example.com", "shop.example.org"],
        "tls": "automatic",
    }


def test_site_reads_the_release_at_each_request() -> None:
    text = render("proxy", "site.caddy.j2", **SITE)
    assert "name {file./live/shop/upstream}" in text
    assert "port {file./live/" in text
    assert "keepalive 500ms" in text


def test_plain_site_has_plain_addresses_and_no_redirect() -> None:
    text = site(proxy_site_tls="off")
    assert "http://shop.example.com, http://www.shop.example.com {" in text
    assert "https" not in text
    assert "Strict-Transport-Security" not in text


def test_http_is_sent_to_https() -> None:
    text = site()
    plain = text.index("http://shop.example.com, http://www.shop.example.com {")
    assert (
        plain < text.index("redir https://{host}{uri} 308") < text.index("\nshop.example.com, www.shop.example.com {")
    )
    assert "redir https://{host}:8443{uri} 308" in site(proxy_https_port=8443)


def test_other_names_are_sent_to_the_first() -> None:
    text = site(proxy_site_redirects=["shop.example.org"])
    assert "\nshop.example.org {" in text
    assert "redir https://shop.example.com{uri} 308" in text
    assert "redir http://shop.example.com{uri} 308" in site(
        proxy_site_redirects=["shop.example.org"], proxy_site_tls="off"
    )


def test_caddy_chooses_the_authority_unless_one_is_set() -> None:
    assert "\ttls" not in site()
    text = site(
        proxy_acme_directory="https://acme/dir", proxy_acme_profile="shortlived", proxy_acme_email="a@b.example"
    )
    assert "issuer acme {\n\t\t\tdir https://acme/dir\n\t\t\tprofile shortlived\n\t\t\temail a@b.example\n\t\t}" in text


def test_a_private_directory_is_known_by_its_authority(tmp_path: Path) -> None:
    root = tmp_path / "ca.pem"
    root.write_text("one\n", encoding="ascii")
    one = site(proxy_acme_directory="https://acme/dir", proxy_acme_ca_root=str(root))
    assert "trusted_roots /etc/caddy/certificates/acme-" in one
    root.write_text("two\n", encoding="ascii")
    assert site(proxy_acme_directory="https://acme/dir", proxy_acme_ca_root=str(root)) != one


def own(tmp_path: Path, key: str) -> dict[str, Any]:
    for name, text in (("shop.pem", "certificate"), ("shop.key", key)):
        (tmp_path / name).write_text(text, encoding="ascii")
    paths = {"proxy_site_certificate": str(tmp_path / "shop.pem"), "proxy_site_key": str(tmp_path / "shop.key")}
    return {**SITE, "proxy_site_tls": "files", **paths}


def test_own_certificate_has_another_name_when_it_changes(tmp_path: Path) -> None:
    one = site(**own(tmp_path, "one"))
    assert re.search(
        r"\ttls /etc/caddy/certificates/shop-[0-9a-f]{12}\.pem /etc/caddy/certificates/shop-\w+\.key\n", one
    )
    assert site(**own(tmp_path, "two")) != one


def test_own_key_is_for_root_alone(tmp_path: Path) -> None:
    files = evaluate("proxy", "__proxy_site_files", **own(tmp_path, "one"))
    assert [file.get("mode", "0644") for file in files] == ["0644", "0600"]
    assert files[1]["content"] == "one"


def test_secrets_are_files_for_root_alone() -> None:
    files = evaluate("proxy", "__proxy_files", proxy_secrets={"dns": "a token"})
    assert files == [{"path": "secrets/dns", "content": "a token", "mode": "0600"}]


def test_internal_authority() -> None:
    text = site(proxy_tls="internal")
    assert "\ttls internal\n" in text
    assert "Strict-Transport-Security" not in text
    assert "tls internal" not in site()


def test_application_s_headers_count_over_the_inventory_s() -> None:
    text = site(proxy_site_options={"headers": {"X-Frame-Options": None, "X-Name": 'say "yes"'}, "hsts": "max-age=60"})
    assert "X-Frame-Options" not in text
    assert '\t\t?X-Name "say \\"yes\\""\n' in text
    assert '?Strict-Transport-Security "max-age=60"' in text
    assert "?X-Content-Type-Options" in text


def test_body_limit_and_compression_can_be_taken_away() -> None:
    assert "max_size 100MB" in site()
    text = site(proxy_site_options={"body_limit": "", "compression": False})
    assert "max_size" not in text
    assert "encode" not in text


def test_event_streams_are_not_compressed() -> None:
    kinds = evaluate("proxy", "__proxy_compressed")
    assert not [kind for kind in kinds if fnmatch.fnmatch("text/event-stream", kind)]
    assert [kind for kind in kinds if fnmatch.fnmatch("text/html; charset=utf-8", kind)]


def test_directives_of_the_user_are_indented() -> None:
    text = render("proxy", "site.caddy.j2", **SITE, proxy_site_directives="encode\nheader X-Name value\n")
    assert "\tencode\n\theader X-Name value\n" in text


def test_braces_are_balanced() -> None:
    for text in (render("proxy", "site.caddy.j2", **SITE), render("proxy", "Caddyfile.j2")):
        assert text.count("{") == text.count("}")
