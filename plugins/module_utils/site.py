"""How an application is published: its keys domains, redirects, tls and proxy, and what may be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .addresses import is_address
from .compose_schema import show, unknown_key
from .problem import Problem

AUTOMATIC, INTERNAL, OFF, FILES = "automatic", "internal", "off", "files"
MODES = (AUTOMATIC, INTERNAL, OFF)
# RFC 1035 / 1123 names; a leading *. for a wildcard certificate.
_DOMAIN = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_MOST_CHARACTERS = 253
# RFC 9110, section 5.1: a header's name is a token.
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# As Caddy reads sizes (github.com/dustin/go-humanize).
_SIZE = re.compile(r"\d+(\.\d+)?\s*([KMGT]i?)?B?", re.IGNORECASE)
_OPTIONS = {
    "headers": "a mapping of header names to texts; null sends none",
    "hsts": "a Strict-Transport-Security value such as max-age=31536000; empty sends none",
    "body_limit": "a size such as 500MB; empty for no limit",
    "compression": "true or false",
    "directives": "lines for the site's block of the Caddyfile",
}
_PEM_FILE = "the path of a PEM file, which ansible-vault may encrypt"
# Names that no public authority certifies: special-use (RFC 6761, 6762, 8375, 9476) and ICANN's .internal.
_PRIVATE = ("localhost", "local", "internal", "home.arpa", "test", "invalid", "example", "onion", "alt")


@dataclass(frozen=True)
class Tls:
    """How a site gets its certificate; '' is the inventory's way (`proxy_tls`), the paths belong to mode `files`."""

    mode: str = ""
    certificate: str = ""
    key: str = ""


def build_tls(value: Any) -> Tls:
    """The Tls of a valid key `tls`."""
    if isinstance(value, dict):
        return Tls(FILES, str(value["certificate"]), str(value["key"]))
    # YAML takes a bare `off` for false.
    return Tls(OFF if value is False else value or "")


def is_public(domain: str) -> bool:
    """Whether a public authority may certify the name."""
    name = domain.lower().rstrip(".")
    return "." in name and not is_address(name) and not any(name.endswith(f".{ending}") for ending in _PRIVATE)


def site_problems(file: str, data: dict[str, Any]) -> Iterator[Problem]:
    """Mistakes in the four keys; the file's other keys do not count."""
    seen: set[str] = set()
    for key in ("domains", "redirects"):
        yield from _domain_problems(file, key, data.get(key), seen)
    if data.get("redirects") and not data.get("domains"):
        yield Problem(file, "redirects", "no domains", "domains, to the first of which the redirects lead")
    yield from _tls_problems(file, data.get("tls"))
    yield from _option_problems(file, data.get("proxy"))


def _domain_problems(file: str, key: str, value: Any, seen: set[str]) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, list):
        yield Problem(file, key, show(value), "a list of domain names")
        return
    for domain in value:
        if isinstance(domain, str) and domain.lower() in seen:
            yield Problem(file, key, f"`{domain}` twice", "each domain once")
        seen.add(str(domain).lower())
        if not isinstance(domain, str) or len(domain) > _MOST_CHARACTERS or not _DOMAIN.fullmatch(domain):
            yield Problem(file, key, show(domain), "a domain name such as shop.example.com, or an IPv4 address")
        elif key == "domains" and domain == value[0] and domain.startswith("*."):
            yield Problem(file, key, show(domain), "a plain name first, such as shop.example.com; wildcards after it")


def _tls_problems(file: str, value: Any) -> Iterator[Problem]:
    expected = f"{', '.join(MODES)}, or a mapping with certificate and key (files, relative to the inventory's folder)"
    if isinstance(value, dict):
        for key in value:
            if key not in ("certificate", "key"):
                yield unknown_key(file, f"tls.{key}", str(key), ["certificate", "key"])
        for key in ("certificate", "key"):
            if not isinstance(value.get(key), str) or not value[key]:
                # Whatever stands there may be the key itself.
                yield Problem(
                    file, f"tls.{key}", "nothing" if not value.get(key) else "no text", "the path of a PEM file"
                )
            elif "-----BEGIN" in value[key]:
                yield Problem(
                    file, f"tls.{key}", "the PEM itself", "the path of a PEM file, which ansible-vault may encrypt"
                )
    elif value is not None and value is not False and value not in MODES:
        yield Problem(file, "tls", show(value), expected)


def _option_problems(file: str, value: Any) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, dict):
        yield Problem(file, "proxy", show(value), f"a mapping with {', '.join(_OPTIONS)}")
        return
    for key, option in value.items():
        where = f"proxy.{key}"
        if key not in _OPTIONS:
            yield unknown_key(file, where, str(key), list(_OPTIONS))
        elif key == "headers":
            yield from _header_problems(file, option)
        elif not _fits(key, option):
            yield Problem(file, where, show(option), _OPTIONS[key])


def _fits(key: str, option: Any) -> bool:
    if key == "compression":
        return isinstance(option, bool)
    if key == "body_limit" and option:
        return bool(_SIZE.fullmatch(str(option)))
    return option is None or isinstance(option, str)


def _header_problems(file: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(file, "proxy.headers", show(value), _OPTIONS["headers"])
        return
    for name, text in value.items():
        if not _HEADER.fullmatch(str(name)):
            yield Problem(file, f"proxy.headers.{name}", show(name), "a header's name, such as X-Frame-Options")
        if isinstance(text, (dict, list)) or any(ord(character) < 32 for character in str(text)):
            yield Problem(file, f"proxy.headers.{name}", "no single line of text", _OPTIONS["headers"])
