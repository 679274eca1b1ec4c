"""The proxy's files on a host, and who holds a port there."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.listeners import Holder, holders, listening_sockets
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.proxy_host import (
    NO_MODULE,
    ProxyFile,
    ProxyHost,
    _last_error,
)
from ansible_collections.slipway.vps.plugins.module_utils.proxy_sites import read_header
from ansible_collections.slipway.vps.plugins.modules.proxy_site import refuse_another_address, refuse_conflicts

from tests.unit.roles.rendering import render


@pytest.fixture
def proxy(tmp_path: Path) -> ProxyHost:
    (tmp_path / "sites").mkdir()
    (tmp_path / "Caddyfile").write_text("import sites/*.caddy\n", encoding="utf-8")
    return ProxyHost(tmp_path)


def add_site(proxy: ProxyHost, app: str, *domains: str) -> Path:
    path = proxy.sites / f"{app}.caddy"
    text = render("proxy", "site.caddy.j2", proxy_site_app=app, proxy_site_domains=list(domains), proxy_site_port=5000)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_header_of_a_rendered_site_is_read_back(proxy: ProxyHost) -> None:
    assert read_header(add_site(proxy, "shop", "shop.example.com"))["domains"] == ["shop.example.com"]


def test_a_file_by_hand_has_no_header(proxy: ProxyHost) -> None:
    path = proxy.sites / "mine.caddy"
    path.write_text("# slipway {broken\n", encoding="utf-8")
    assert read_header(path) == {}
    assert proxy.conflicts("shop", ["shop.example.com"]) == {}


def test_a_domain_belongs_to_one_application(proxy: ProxyHost) -> None:
    add_site(proxy, "shop", "shop.example.com", "www.example.com")
    with pytest.raises(OperationError, match=r"domains of blog: www\.example\.com is shop's on this host already"):
        refuse_conflicts(proxy, "blog", ["blog.example.com", "WWW.example.com"])
    refuse_conflicts(proxy, "shop", ["shop.example.com"])
    refuse_conflicts(proxy, "blog", ["blog.example.com"])


def site_text(app: str, *domains: str, tls: str = "internal") -> str:
    variables = {"proxy_site_app": app, "proxy_site_domains": list(domains), "proxy_site_port": 5000}
    return render("proxy", "site.caddy.j2", proxy_site_tls=tls, **variables)


def test_visitors_who_name_no_server_get_the_certificate_of_the_address(proxy: ProxyHost) -> None:
    """Also after a run that was cut off between the site's file and this one."""
    default = proxy.folder / "default_name.caddy"
    assert proxy.write_default_name() == [f"wrote {default}"]
    assert default.read_text(encoding="utf-8") == "# No site has an address.\n"
    site = proxy.sites / "shop.caddy"
    site.write_text(site_text("shop", "shop.example.com", "203.0.113.7"), encoding="utf-8")
    proxy.mark_loaded()
    proxy.write_default_name()
    assert default.read_text(encoding="utf-8") == "default_sni 203.0.113.7\n"
    assert not proxy.is_loaded
    assert proxy.write_default_name() == []
    site.write_text(site_text("shop", "203.0.113.7", tls="off"), encoding="utf-8")
    proxy.write_default_name()
    assert "default_sni" not in default.read_text(encoding="utf-8")


def test_the_candidate_that_caddy_checks_has_the_address_too(proxy: ProxyHost, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def validate(_self: ProxyHost, candidate: str, _image: str) -> SimpleNamespace:
        seen.append((proxy.folder / candidate / "default_name.caddy").read_text(encoding="utf-8"))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(ProxyHost, "_caddy_validate", validate)
    proxy.validate("sites/shop.caddy", site_text("shop", "203.0.113.7"), "caddy:2.11")
    proxy.validate("sites/shop.caddy", None, "caddy:2.11")
    assert seen == ["default_sni 203.0.113.7\n", "# No site has an address.\n"]


def test_one_address_with_a_certificate_on_a_host(proxy: ProxyHost) -> None:
    (proxy.sites / "shop.caddy").write_text(site_text("shop", "203.0.113.7"), encoding="utf-8")
    expected = (
        r"domains of blog: 203\.0\.113\.8 beside 203\.0\.113\.7, which is shop's on this host; expected one address"
    )
    with pytest.raises(OperationError, match=expected):
        refuse_another_address(proxy, "blog", site_text("blog", "blog.example.com", "203.0.113.8"))
    refuse_another_address(proxy, "blog", site_text("blog", "203.0.113.8", tls="off"))
    refuse_another_address(proxy, "blog", site_text("blog", "blog.example.com"))
    refuse_another_address(proxy, "shop", site_text("shop", "203.0.113.8"))


def test_a_file_that_was_not_loaded_is_noticed(proxy: ProxyHost) -> None:
    assert not proxy.is_loaded
    proxy.mark_loaded()
    assert proxy.is_loaded
    site = add_site(proxy, "shop", "shop.example.com")
    assert not proxy.is_loaded
    proxy.mark_loaded()
    site.unlink()
    assert not proxy.is_loaded


def test_names_of_sites_that_were_written_since_the_last_load(proxy: ProxyHost) -> None:
    add_site(proxy, "blog", "blog.example.com")
    proxy.mark_loaded()
    old = (proxy.folder / ".loaded").stat().st_mtime
    os.utime(proxy.sites / "blog.caddy", (old - 1, old - 1))
    assert proxy.new_names() == []
    add_site(proxy, "shop", "shop.example.com")
    assert proxy.new_names() == ["shop.example.com"]


def test_a_new_secret_has_to_be_loaded(proxy: ProxyHost) -> None:
    proxy.make_folders()
    proxy.mark_loaded()
    ProxyFile("secrets/dns", "a token", 0o600).write(proxy.folder)
    assert not proxy.is_loaded


def test_a_file_with_other_content_or_permissions_is_missing(proxy: ProxyHost) -> None:
    proxy.make_folders()
    file = ProxyFile("certificates/shop.key", "a key", 0o600)
    assert proxy.missing_files([file]) == [file]
    file.write(proxy.folder)
    assert proxy.missing_files([file]) == []
    (proxy.folder / file.path).chmod(0o644)
    assert proxy.missing_files([file]) == [file]


def test_certificates_that_no_site_names_go(proxy: ProxyHost) -> None:
    proxy.make_folders()
    for name in ("acme-1.pem", "acme-2.pem"):
        ProxyFile(f"certificates/{name}", "text", 0o644).write(proxy.folder)
    (proxy.sites / "shop.caddy").write_text("trusted_roots /etc/caddy/certificates/acme-2.pem\n", encoding="ascii")
    proxy.remove_unused()
    assert [path.name for path in (proxy.folder / "certificates").iterdir()] == ["acme-2.pem"]


def test_errors_of_caddy_name_the_file_that_the_user_knows() -> None:
    reason = "adapting config: /etc/caddy/.candidate-x1/sites/shop.caddy:3: unrecognized directive"
    expected = "adapting config: /etc/caddy/sites/shop.caddy:3: unrecognized directive"
    for error in (f"Error: {reason}", json.dumps({"level": "error", "msg": reason})):
        output = f'{{"level":"info","msg":"using config from file"}}\n{error}\n'
        assert _last_error(output, ".candidate-x1") == expected
    assert _last_error("killed\n", "") == "killed"


def test_a_module_that_the_image_lacks_is_the_image_s_matter() -> None:
    text = _last_error(
        "Error: getting module named 'dns.providers.acme': module not registered: dns.providers.acme\n", ""
    )
    assert text.endswith("module not registered: dns.providers.acme. " + NO_MODULE)
    assert "proxy_image" in NO_MODULE


def test_the_program_on_a_tcp_port_is_found_over_ipv6(ipv6: None) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        assert [holder.process for holder in holders("tcp", port)] == [os.getpid()]


def test_the_program_on_a_tcp_port_is_found() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        assert holders("tcp", port) == []
        listener.listen()
        assert [holder.process for holder in holders("tcp", port)] == [os.getpid()]
        assert holders("udp", port) == []


def test_the_program_on_a_udp_port_is_found() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        assert [holder.process for holder in holders("udp", listener.getsockname()[1])] == [os.getpid()]


def test_a_connection_is_no_listener() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
        "   1: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1\n"
    )
    assert listening_sockets(table, "tcp", 80) == {"4711"}
    assert listening_sockets(table, "tcp", 81) == set()


def test_a_holder_names_its_unit() -> None:
    assert str(Holder(12, "nginx", "nginx.service")) == "nginx (process 12, nginx.service)"
    assert str(Holder(12, "python3", "")) == "python3 (process 12)"
