"""What can be wrong with a run's input besides the application's own file; needs no host."""

from __future__ import annotations

from ansible_collections.slipway.vps.plugins.module_utils.application import KEYS
from ansible_collections.slipway.vps.plugins.module_utils.compose import volume_names
from ansible_collections.slipway.vps.plugins.module_utils.duration import parse_seconds
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError, Problem
from ansible_collections.slipway.vps.plugins.module_utils.server_input import PREFIXES, server_problems
from ansible_collections.slipway.vps.plugins.module_utils.validation import TAG
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.fleet_access import address_problems
from ansible_collections.slipway.vps.plugins.plugin_utils.inventory_application import (
    application_names,
    inventory_problems,
    load_application,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.tls_check import tls_problems


def check_input(action: ApplicationAction, builds: bool = False) -> None:
    """Checks inventory, domains and extra variables; the action is prepared. Raises InputError."""
    problems = inventory_problems(action.inventory_folder, action.groups, builds)
    problems += _clashes(action) + _consent_problems(action) + _tag_problems(action)
    problems += _wait_problems(action) + _server_problems(action) + address_problems(action)
    # Other hosts do not have the variables of those that the proxy runs on.
    problems += tls_problems(action) if action.application.web and action.host in action.app_hosts else []
    problems += _build_problems(action) if builds else []
    if problems:
        raise InputError(problems)


def _build_problems(action: ApplicationAction) -> list[Problem]:
    if action.application.build:
        return []
    file = f"apps/{action.application.name}.yml"
    return [Problem(file, "build", "nothing", f"{KEYS['build']}: what build.yml makes the image from")]


def named_services(action: ApplicationAction, variable: str) -> list[str]:
    """The data services that the user names in -e restart= or -e remove=, with commas between them."""
    return [name.strip() for name in str(action.variables.get(variable) or "").split(",") if name.strip()]


def _consent_problems(action: ApplicationAction) -> list[Problem]:
    """A wrong name after -e restart= or -e remove= is a slip that would be noticed too late."""
    names = [service.name for service in action.application.services]
    some = "one of " + (", ".join(names) or "(this application has no data service)")
    gone = "a data service that is no longer in the inventory"
    application = action.application.name
    return [
        *(Problem(application, "-e restart", n, some) for n in named_services(action, "restart") if n not in names),
        *(Problem(application, "-e remove", n, gone) for n in named_services(action, "remove") if n in names),
    ]


def _tag_problems(action: ApplicationAction) -> list[Problem]:
    tag = str(action.variables.get("tag") or "")
    if not tag or TAG.fullmatch(tag):
        return []
    return [Problem(action.application.name, "-e tag", repr(tag), KEYS["tag"])]


def _wait_problems(action: ApplicationAction) -> list[Problem]:
    wait = action.variables.get("wait_for_lock") or 0
    try:
        parse_seconds(wait)
    except (TypeError, ValueError):
        return [Problem(action.application.name, "-e wait_for_lock", repr(wait), "seconds, or a duration such as 5m")]
    return []


def _server_problems(action: ApplicationAction) -> list[Problem]:
    """Mistakes in what the roles of the server are given; those that nobody sets are not even looked at."""
    names = [name for name in action.variables if name.startswith(PREFIXES)]
    given = {name: action._templar.template(action.variables[name]) for name in sorted(names)}
    return server_problems("the inventory's variables", given)


def _clashes(action: ApplicationAction) -> list[Problem]:
    """What two applications cannot both have: a domain, since the proxy would not know where to send a request, and a
    volume, which `cache` of `shop` and an application `shop-cache` might come to share.
    """
    problems = []
    file = f"apps/{action.application.name}.yml"
    volumes = volume_names(action.application)
    for name in application_names(action.inventory_folder):
        if name == action.application.name:
            continue
        try:
            other = load_application(action.inventory_folder, name, action._loader, action._templar, action.variables)
        except InputError:
            continue
        taken = {domain.lower() for domain in (*other.domains, *other.redirects)}
        names = (*action.application.domains, *action.application.redirects)
        for domain in sorted(domain for domain in names if domain.lower() in taken):
            problems.append(Problem(file, "domains", f"{domain}, which {name} has too", "each domain once"))
        for volume in sorted(volumes & volume_names(other)):
            found = f"the volume {volume} (by its name on a host), which {name} has too"
            problems.append(Problem(file, "volumes", found, "another name of a service, a volume or an application"))
    return problems
