"""What can be wrong with the inventory's TLS settings for an application, found before any host is contacted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ansible.errors import AnsibleError
from ansible_collections.slipway.vps.plugins.module_utils.problem import Problem
from ansible_collections.slipway.vps.plugins.module_utils.site import (
    AUTOMATIC,
    FILES,
    MODES,
    OFF,
    is_address,
    is_public,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.certificate_check import (
    authority_problems,
    certificate_problems,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues

# What every authority takes; RFC 5322 has more that none does.
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


def tls_mode(action: ApplicationAction) -> str:
    """How the application's site gets its certificate: its own `tls`, else the inventory's."""
    return action.application.tls.mode or str(RoleValues(action, "proxy")["proxy_tls"])


def own_files(action: ApplicationAction) -> tuple[Path, Path]:
    """The application's own certificate and key, as paths on this machine."""
    tls = action.application.tls
    return (action.inventory_folder / tls.certificate).resolve(), (action.inventory_folder / tls.key).resolve()


def own_pair(action: ApplicationAction) -> tuple[bytes, bytes]:
    """The application's own certificate and key, decrypted. Raises AnsibleError when one cannot be read."""
    certificate, key = own_files(action)
    return _read(action, certificate), _read(action, key)


def tls_problems(action: ApplicationAction) -> list[Problem]:
    """Mistakes in the proxy's variables that have to do with TLS, and in the application's."""
    proxy = RoleValues(action, "proxy")
    problems = list(_setting_problems(action, proxy))
    mode = tls_mode(action)
    file = f"apps/{action.application.name}.yml"
    if mode == FILES:
        problems += _own_problems(action, file)
    elif mode == AUTOMATIC:
        problems += _automatic_problems(action, proxy, file)
    if mode != OFF:
        problems += _address_problems(action, file)
    return problems


def _setting_problems(action: ApplicationAction, proxy: RoleValues) -> Iterator[Problem]:
    where = "group_vars"
    mode = proxy["proxy_tls"]
    if mode not in MODES:
        found = 'off without quotes, which YAML reads as "false"' if mode is False else repr(mode)
        yield Problem(where, "proxy_tls", found, f'one of {", ".join(MODES)}, as text (`"{OFF}"`)')
    email = str(proxy["proxy_acme_email"] or "")
    if email and not _EMAIL.fullmatch(email):
        yield Problem(where, "proxy_acme_email", repr(email), "an e-mail address such as you@example.com, or nothing")
    directory = str(proxy["proxy_acme_directory"] or "")
    address = urlsplit(directory)
    if directory and (address.scheme != "https" or not address.hostname):
        yield Problem(where, "proxy_acme_directory", repr(directory), "the https address of an ACME directory")
    root = str(proxy["proxy_acme_ca_root"] or "")
    if root:
        try:
            yield from authority_problems(where, "proxy_acme_ca_root", _read(action, Path(root)))
        except AnsibleError:
            yield Problem(where, "proxy_acme_ca_root", f"{root}, which cannot be read", "the path of a PEM file")


def _own_problems(action: ApplicationAction, file: str) -> Iterator[Problem]:
    pair = []
    for key, path in zip(("certificate", "key"), own_files(action), strict=True):
        try:
            pair.append(_read(action, path))
        except AnsibleError:
            reason = "which cannot be decrypted" if path.is_file() else "which is not there"
            yield Problem(file, f"tls.{key}", f"{path}, {reason}", "a PEM file, relative to the inventory's folder")
    if len(pair) == 2:
        names = [*action.application.domains, *action.application.redirects]
        yield from certificate_problems(file, pair[0], pair[1], names)


def _address_problems(action: ApplicationAction, file: str) -> Iterator[Problem]:
    """Visitors of an address send no server name (RFC 6066, section 3): one certificate has to do for them all."""
    found = [name for name in (*action.application.domains, *action.application.redirects) if is_address(name)]
    if len(found) > 1:
        expected = "one address with a certificate, since visitors of an address name no server; or `tls: off`"
        yield Problem(file, "domains", f"the addresses {', '.join(found)}", expected)


def _automatic_problems(action: ApplicationAction, proxy: RoleValues, file: str) -> Iterator[Problem]:
    """Names that the authority would refuse; a private one (proxy_acme_directory) may certify private names."""
    for key, names in (("domains", action.application.domains), ("redirects", action.application.redirects)):
        for name in names:
            if is_address(name) and proxy["proxy_acme_dns"]:
                expected = "a domain name, `tls: internal`, or no `proxy_acme_dns`"
                yield Problem(file, key, f"the address {name}, which no challenge by DNS can prove", expected)
            elif is_address(name):
                if not proxy["proxy_acme_directory"] and not proxy["proxy_acme_profile"]:
                    expected = "a domain name, `tls: internal`, or `proxy_acme_profile: shortlived` (docs/tls.md)"
                    yield Problem(file, key, f"the address {name}", expected)
            elif name.startswith("*.") and not proxy["proxy_acme_dns"]:
                expected = "plain names, `proxy_acme_dns` (docs/tls.md), or a certificate of your own (`tls:`)"
                yield Problem(file, key, f"{name}, which needs a challenge by DNS", expected)
            elif not is_public(name.removeprefix("*.")) and not proxy["proxy_acme_directory"]:
                expected = "a public name, `tls: internal`, or `proxy_acme_directory` of an authority that certifies it"
                yield Problem(file, key, f"{name}, which no public authority certifies", expected)


def _read(action: ApplicationAction, path: Path) -> bytes:
    """A file's content, decrypted where ansible-vault has encrypted it. Raises AnsibleError."""
    content = action._loader.get_text_file_contents(str(path))
    return str(content).encode()
