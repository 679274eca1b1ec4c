"""Where a database preset finds its database, user and password: in the URL by which the application reaches it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from .application import Application, Service
from .presets import NEEDS_CREDENTIALS
from .problem import Problem


def service_settings(application: Application, service: Service) -> dict[str, Any]:
    """The preset's settings: what stands beside `preset:`, else what a URL with the service's name as its host says."""
    settings: dict[str, Any] = {}
    for value in (application.secrets | application.environment).values():
        if f"@{service.name}" not in value:
            continue
        try:
            url = urlsplit(value)
            host = url.hostname
        except ValueError:
            continue
        if host == service.name:
            found = {
                "user": unquote(url.username or ""),
                "password": unquote(url.password or ""),
                "database": url.path.strip("/"),
            }
            settings = {key: text for key, text in found.items() if text}
            break
    return settings | service.settings


def credential_problems(file: str, application: Application) -> list[Problem]:
    """A problem for each database preset whose database, user or password is to be found nowhere."""
    problems = []
    for service in application.services:
        if service.preset in NEEDS_CREDENTIALS:
            settings = service_settings(application, service)
            missing = [key for key in ("database", "user", "password") if not settings.get(key)]
            if missing:
                expected = f"them beside `preset:`, or a secret with a URL such as mysql+pymysql://user:password@{service.name}/database"
                problems.append(Problem(file, f"services.{service.name}", f"no {', '.join(missing)}", expected))
    return problems
