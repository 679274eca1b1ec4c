"""Writes down what must be true of a host, from the same inventory that deploys to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.compose import service_ports
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.hardening_expectation import hardening_expectation
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import application_names
from ansible_collections.slipway.vps.plugins.plugin_utils.rendering import (
    render_host,
    secrets_stamp,
    site_stamp,
    wanted_stamp,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues
from ansible_collections.slipway.vps.plugins.plugin_utils.tls_check import tls_mode

FORMAT = 1
CERTIFICATES = "system"


def host_expectation(action: ApplicationAction, release: int, authority: str = "") -> dict[str, Any]:
    """The expectation for the action's host; plain data. `release` 0 means the live one.

    It holds the names of secrets and no value: the host compares with the values that it has.
    """
    application = action.application
    rendering = render_host(action)
    docker = RoleValues(action, "docker")
    services = rendering.services.compose
    ports = service_ports(application)
    return {
        "format": FORMAT,
        "host": action.host,
        "application": application.name,
        "release": release,
        "releasing": release > 0,
        "digest": _digest(action, release),
        "config": rendering.release.config if rendering.release else "",
        "compose": rendering.release.compose if rendering.release else {},
        "services": {"services": services.get("services") or {}},
        "service_list": [
            {"name": each.name, "preset": each.preset, "port": ports[each.name]} for each in application.services
        ],
        "secret_names": sorted(
            {
                *(application.secrets if rendering.release else ()),
                *rendering.services.secrets,
                *rendering.services.generated,
            }
        ),
        "secrets_stamp": secrets_stamp(action),
        "has_web": bool(rendering.health),
        "domains": list(application.domains),
        "redirects": list(application.redirects),
        "port": application.port,
        "health": application.health,
        "proxy": _proxy(action, authority, release > 0) if action.host in action.app_hosts else {},
        "daemon": docker["__docker_daemon"],
        "kernel": {name: str(value) for name, value in docker["docker_sysctl"].items()},
        "packages": sorted(docker["__docker_versions"]),
        "versions": {name: str(version or "") for name, version in docker["__docker_versions"].items()},
        "hardening": hardening_expectation(action),
        "stamp": wanted_stamp(action),
        "site": site_stamp(action) if rendering.health else "",
        "bind_address": (
            action.private_address(action.host) if services.get("services") and action.data_elsewhere else ""
        ),
        "tests": user_tests(action.inventory_folder, application.name),
    }


def _digest(action: ApplicationAction, release: int) -> str:
    """The digest that this run releases; '' when it releases nothing."""
    for host in action.app_hosts:
        facts = action.variables["hostvars"][host].get("ansible_facts") or {}
        current = facts.get("slipway_release") or {}
        if release and int(current.get("number") or 0) == release and current.get("digest"):
            return str(current["digest"])
    return ""


def _proxy(action: ApplicationAction, authority: str, releasing: bool) -> dict[str, Any]:
    proxy = RoleValues(action, "proxy")
    options = {"max-size": str(proxy["proxy_log_max_size"]), "max-file": str(proxy["proxy_log_max_files"])}
    definition = {
        "image": str(proxy["proxy_image"]),
        "restart": "always",
        "mem_limit": str(proxy["proxy_memory"]),
        "logging": {"driver": "json-file", "options": options},
        "security_opt": ["no-new-privileges:true"],
        "cap_drop": ["ALL"],
        "cap_add": ["NET_BIND_SERVICE"],
        "cpu_shares": 1024,
        "pids_limit": 512,
        "read_only": True,
        "healthcheck": {"test": ["CMD", "caddy"]},
    }
    return {
        "definition": definition,
        "http_port": int(proxy["proxy_http_port"]),
        "https_port": int(proxy["proxy_https_port"]),
        "tls": tls_mode(action),
        # A certificate that was not renewed is no fault of a release, and must not keep one back.
        "authority": "" if releasing else _authority(authority),
    }


def _authority(path: str) -> str:
    return Path(path).read_text(encoding="ascii") if path else CERTIFICATES


def user_tests(inventory: Path, application: str) -> list[str]:
    """The user's own tests in inventory/<env>/tests/; a folder there that is named like another application is that
    one's.
    """
    folder = inventory / "tests"
    others = set(application_names(inventory)) - {application}
    if not folder.is_dir():
        return []
    found = [
        path for path in sorted(folder.iterdir()) if path.name not in others and not path.name.startswith((".", "_"))
    ]
    return [str(path) for path in found if path.is_dir() or (path.name.startswith("test_") and path.suffix == ".py")]
