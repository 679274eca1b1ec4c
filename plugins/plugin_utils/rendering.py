"""What the inventory wants of one host: the renderings of an application for it."""

from __future__ import annotations

from dataclasses import dataclass
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
    roles_fingerprint,
    server_stamp,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction

ROLES = Path(__file__).resolve().parents[2] / "roles"


@dataclass(frozen=True)
class HostRendering:
    """The wanted state of one host; without data services on it, `services` is an empty project."""

    services: ServicesProject
    release: ReleaseProject | None
    replicas: dict[str, int]
    health: dict[str, Any]
    image: str
    ask: str


def render_host(action: ApplicationAction) -> HostRendering:
    """Renders the action's application for the action's host."""
    application = action.application
    host = action.host
    on_data = bool(application.services) and host == action.data_host
    address = action.private_address(host) if on_data and action.data_elsewhere else ""
    services = render_services(application, address) if on_data else ServicesProject({"services": {}, "networks": {}})
    release, replicas, health = None, {}, {}
    if host in action.app_hosts:
        away = host != action.data_host
        extra = (
            {service.name: action.private_address(action.data_host) for service in application.services} if away else {}
        )
        processes = application.processes_on(host, action.groups)
        release = render_release(application, processes, extra)
        replicas = {process.name: process.replicas for process in processes}
        if any(process.is_web for process in processes):
            health = {
                "network": application.name,
                "port": application.port,
                "path": application.health,
                "host": application.domains[0],
                "seconds": application.health_timeout,
            }
    image = image_with_tag(application.image, str(action.variables.get("tag") or application.tag))
    mirrors = [str(mirror) for mirror in template(action, "docker_registry_mirrors", [])]
    return HostRendering(services, release, replicas, health, image, where_to_ask(image, mirrors))


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
    return server_stamp(ROLES, roles, given)


def site_stamp(action: ApplicationAction) -> str:
    """A hash of what the proxy's site of the application is made from."""
    application = action.application
    given = {name: template(action, name, None) for name in action.variables if name.startswith("proxy_")}
    return fingerprint([application.domains, application.port, given, roles_fingerprint(ROLES, ["proxy"])])


def secrets_stamp(action: ApplicationAction) -> str:
    return secrets_fingerprint(action.application.name, action.application.secrets)
