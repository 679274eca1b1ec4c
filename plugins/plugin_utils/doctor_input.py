"""What the doctor looks for on a host: the inventory's applications, and the limits that the role doctor is given."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from ansible_collections.slipway.vps.plugins.module_utils.application import Application
from ansible_collections.slipway.vps.plugins.module_utils.duration import parse_seconds
from ansible_collections.slipway.vps.plugins.module_utils.expectation import (
    expected_processes,
    expected_services,
    size_in_bytes,
)
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.registry import DOCKER_HUB, Login
from ansible_collections.slipway.vps.plugins.module_utils.site import AUTOMATIC, is_public
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import Limits, is_address
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import (
    application_name,
    application_names,
    load_application,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.outgoing_checks import (
    DOCKER_PACKAGES,
    LETS_ENCRYPT,
    Wanted,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import render_host, template
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues
from ansible_collections.slipway.vps.plugins.plugin_utils.server_tunnel import DOCKER_HUB_REGISTRY


class Values(Protocol):
    """The role's variables by their names."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class DoctorInput:
    """`domains` maps each domain to whether a certificate depends on it; `memory` is what the containers may take."""

    limits: Limits
    seconds: float
    addresses: list[str]
    domains: dict[str, bool]
    ports: list[str]
    memory: int
    outgoing: Wanted
    authorities: dict[str, str]


def read_input(action: ApplicationAction) -> DoctorInput:
    """Reads the inventory for the action's host, whose `variables` are set, and its task. Raises InputError."""
    values = {f"doctor_{name}": value for name, value in action._task.args.items()}
    on_app = action.host in action.app_hosts
    applications = _applications(action)
    return DoctorInput(
        limits=limits(values),
        seconds=_number(values, "doctor_timeout", parse_seconds, "a duration such as 10s"),
        addresses=own_addresses(action, values["doctor_addresses"]),
        domains=checked_domains(action, applications) if on_app else {},
        ports=proxy_ports(action) if on_app else [],
        memory=sum(_memory(action, application) for application in applications),
        outgoing=_outgoing(action, on_app),
        authorities=_authorities(action),
    )


def limits(values: Values) -> Limits:
    """The role's limits. Raises InputError."""
    return Limits(
        disk=int(_number(values, "doctor_disk_free", size_in_bytes, "a size such as 2g")),
        memory=int(_number(values, "doctor_memory", size_in_bytes, "a size such as 400m")),
        inodes=_number(values, "doctor_inodes_free", float, "a percentage such as 5"),
        skew=_number(values, "doctor_clock_skew", parse_seconds, "a duration such as 30s"),
    )


def _number(values: Values, name: str, parse: Any, expected: str) -> float:
    value = values[name]
    try:
        return float(parse(value))
    except (TypeError, ValueError):
        raise InputError([Problem("the inventory", name, repr(value), expected)]) from None


def _applications(action: ApplicationAction) -> list[Application]:
    """The one that -e app names, else all; none is allowed, as before a first deploy."""
    wanted = str(action.variables.get("app") or "")
    folder = action.inventory_folder
    names = [application_name(folder, wanted)] if wanted else application_names(folder)
    return [load_application(folder, name, action._loader, action._templar, action.variables) for name in names]


def checked_domains(action: ApplicationAction, applications: list[Application]) -> dict[str, bool]:
    """The domains whose records are looked at, and whether a certificate depends on them."""
    proxy = RoleValues(action, "proxy")
    return {
        # A challenge by DNS needs no server that answers.
        domain: (application.tls.mode or str(proxy["proxy_tls"])) == AUTOMATIC and not proxy["proxy_acme_dns"]
        for application in applications
        if application.web and application.dns_check
        for domain in (*application.domains, *application.redirects)
        if is_public(domain.removeprefix("*."))
    }


def proxy_ports(action: ApplicationAction) -> list[str]:
    proxy = RoleValues(action, "proxy")
    http, https = (int(proxy[name]) for name in ("proxy_http_port", "proxy_https_port"))
    return [f"{http}/tcp", f"{https}/tcp", f"{https}/udp"]


def own_addresses(action: ApplicationAction, values: Any = None, of: str = "") -> list[str]:
    """Addresses that lead to a host (the action's own unless named) by the inventory, loopback aside, and `values`: its
    doctor_addresses.
    """
    name = of or action.host
    values = action.of_host(name, "doctor_addresses") if values is None else values
    # `-e` variables arrive as text.
    given = values.replace(",", " ").split() if isinstance(values, str) else [str(each) for each in values or []]
    bad = [each for each in given if not is_address(each)]
    if bad:
        raise InputError([Problem("the inventory", "doctor_addresses", repr(bad[0]), "a list of IP addresses")])
    host = str(action.of_host(name, "ansible_host") or name)
    named = [host] if is_address(host) else _resolved(host)
    private = str(action.of_host(name, "private_address") or "")
    found = [*given, *named, *([private] if is_address(private) else [])]
    return list(dict.fromkeys(each for each in found if not each.startswith("127.") and each != "::1"))


def _resolved(name: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})
    except OSError:
        return []


def _memory(action: ApplicationAction, application: Application) -> int:
    action.application = application
    rendering = render_host(action)
    containers = expected_services(rendering.services.compose)
    if rendering.release:
        containers += expected_processes(rendering.release.compose, "")
    return sum(container.memory for container in containers)


def _outgoing(action: ApplicationAction, on_app: bool) -> Wanted:
    proxy = RoleValues(action, "proxy")
    login = Login(*(str(template(action, f"registry_{name}", "")) for name in ("server", "username", "password")))
    mirrors = [str(mirror) for mirror in template(action, "docker_registry_mirrors", [])]
    modes = [each.tls.mode or str(proxy["proxy_tls"]) for each in _applications(action) if each.web]
    automatic = on_app and AUTOMATIC in modes
    return Wanted(
        packages=str(template(action, "docker_apt_repository", "") or DOCKER_PACKAGES),
        registry="" if login.key == DOCKER_HUB else login.key,
        username=login.username,
        password=login.password,
        hub=urlsplit(mirrors[0]).netloc if mirrors else DOCKER_HUB_REGISTRY,
        acme=str(proxy["proxy_acme_directory"] or LETS_ENCRYPT) if automatic else "",
    )


def _authorities(action: ApplicationAction) -> dict[str, str]:
    """By server, the certificates (a path) by which it is known, where those are not the usual ones."""
    found = {str(name): str(path) for name, path in _mapping(action, "docker_registry_certificates").items()}
    proxy = RoleValues(action, "proxy")
    directory, root = urlsplit(str(proxy["proxy_acme_directory"] or "")), str(proxy["proxy_acme_ca_root"] or "")
    return found | ({str(directory.netloc): root} if root else {})


def _mapping(action: ApplicationAction, name: str) -> dict[str, Any]:
    found = template(action, name, {})
    return found if isinstance(found, dict) else {}
