"""What the inventory wants of one host: the renderings of an application for it."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.compose import (
    ReleaseProject,
    ServicesProject,
    render_release,
    render_services,
)
from ansible_collections.slipway.vps.plugins.module_utils.fingerprint import fingerprint, secrets_fingerprint
from ansible_collections.slipway.vps.plugins.module_utils.image_name import image_with_tag, where_to_ask
from ansible_collections.slipway.vps.plugins.module_utils.server_stamp import (
    SERVER_ROLES,
    content,
    roles_fingerprint,
    server_stamp,
)
from ansible_collections.slipway.vps.plugins.module_utils.site import FILES
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.fleet_access import data_access
from ansible_collections.slipway.vps.plugins.plugin_utils.remote_program import program_fingerprint
from ansible_collections.slipway.vps.plugins.plugin_utils.tls_check import own_pair

# Roles whose work is a program of module_utils: another version of it is another server.
PROGRAMS = ("baseline", "firewall")
ROLES = Path(__file__).resolve().parents[2] / "roles"


class HostRendering:
    """The wanted state of one host, each part made when it is first asked for."""

    def __init__(self, action: ApplicationAction) -> None:
        self.application = application = action.application
        host, data_host = action.host, action.data_host
        self._on_data = bool(application.services) and host == data_host
        self._bind_address = action.private_address(host) if self._on_data and action.data_elsewhere else ""
        self._on_app = host in action.app_hosts
        self._processes = application.processes_on(host, action.groups) if self._on_app else []
        away = self._on_app and bool(application.services) and host != data_host
        self._data_address = action.private_address(data_host) if away else ""
        self.image = image_with_tag(application.image, str(action.variables.get("tag") or application.tag))
        mirrors = [str(mirror) for mirror in template(action, "docker_registry_mirrors", [])]
        self.ask = where_to_ask(self.image, mirrors)

    @cached_property
    def services(self) -> ServicesProject:
        """The data services; without any on this host, an empty project."""
        if not self._on_data:
            return ServicesProject({"services": {}, "networks": {}})
        return render_services(self.application, self._bind_address)

    @cached_property
    def secrets(self) -> str:
        """The fingerprint of the application's secrets."""
        return secrets_fingerprint(self.application.name, self.application.secrets)

    @cached_property
    def release(self) -> ReleaseProject | None:
        if not self._on_app:
            return None
        names = [service.name for service in self.application.services] if self._data_address else []
        return render_release(self.application, self._processes, dict.fromkeys(names, self._data_address))

    @property
    def replicas(self) -> dict[str, int]:
        return {process.name: process.replicas for process in self._processes}

    @property
    def health(self) -> dict[str, Any]:
        """How the web process is asked for its health; empty where none runs."""
        application = self.application
        if not any(process.is_web for process in self._processes):
            return {}
        return {
            "network": application.name,
            "port": application.port,
            "path": application.health,
            "host": application.domains[0],
            "seconds": application.health_timeout,
        }


def render_host(action: ApplicationAction) -> HostRendering:
    """Renders the action's application for the action's host."""
    return HostRendering(action)


def template(action: ApplicationAction, name: str, default: Any) -> Any:
    """A variable of the host with its templates filled in."""
    value = action.variables.get(name, default)
    return action._templar.template(value) if name in action.variables else value


def host_roles(action: ApplicationAction) -> list[str]:
    """The server roles that this host gets: the proxy only where the application runs."""
    return [role for role in SERVER_ROLES if role != "proxy" or action.host in action.app_hosts]


def wanted_stamp(action: ApplicationAction) -> str:
    roles = host_roles(action)
    prefixes = tuple(f"{role}_" for role in roles)
    given = {name: template(action, name, None) for name in action.variables if name.startswith(prefixes)}
    # A host that joins the fleet, or a service with another port, changes who may come in here.
    access = data_access(action)
    programs = {f"{role}_program": program_fingerprint(role) for role in roles if role in PROGRAMS}
    return server_stamp(ROLES, roles, given | programs | ({"firewall_data": access} if access else {}))


def site_stamp(action: ApplicationAction) -> str:
    """A hash of what the proxy's site of the application is made from; its port is the release's."""
    application = action.application
    given = {name: content(template(action, name, None)) for name in action.variables if name.startswith("proxy_")}
    published = [application.domains, application.redirects, application.tls.mode, application.proxy]
    pair = hashlib.sha256(b"".join(own_pair(action))).hexdigest() if application.tls.mode == FILES else ""
    return fingerprint([published, pair, given, roles_fingerprint(ROLES, ["proxy"])])


def secrets_stamp(action: ApplicationAction) -> str:
    return secrets_fingerprint(action.application.name, action.application.secrets)
