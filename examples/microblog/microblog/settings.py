"""The settings: all of them come from the environment, and each is explained in README.md."""

import os
from collections.abc import Mapping
from typing import Any

from click import ClickException
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

LANGUAGES = {"en": "English", "de": "Deutsch"}
TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"", "0", "false", "no", "off"}


class SettingsError(ClickException):
    """A setting is missing or makes no sense; the `flask` command shows the message alone, without a traceback."""


def _required(settings: Mapping[str, Any], name: str, purpose: str) -> str:
    value = settings.get(name) or ""
    if not value:
        raise SettingsError(f"{name} is not set: {purpose}")
    return value


def _number(settings: Mapping[str, Any], name: str, default: float) -> float:
    text = settings.get(name)
    if text in (None, ""):
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1
    if number < 0:
        raise SettingsError(f"{name} is {text!r}: expected a number, zero or more")
    return number


def _switch(settings: Mapping[str, Any], name: str) -> bool:
    word = str(settings.get(name) or "").lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise SettingsError(f"{name} is {word!r}: expected 1 or 0")
    return word in TRUE_WORDS


def _engine_options(database_url: str, read_timeout: float) -> dict[str, Any]:
    """Options of SQLAlchemy's engine: a database that went away is noticed within seconds, and so is its return."""
    try:
        backend = make_url(database_url).get_backend_name()
    except ArgumentError as error:
        raise SettingsError("DATABASE_URL is no address that SQLAlchemy understands") from error
    if backend == "sqlite":
        return {}
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_recycle": 1800, "pool_size": 5, "pool_timeout": 5}
    if backend in ("mysql", "mariadb"):
        options["connect_args"] = {
            "connect_timeout": 2,
            "read_timeout": read_timeout or None,
            "write_timeout": read_timeout or None,
        }
    return options


def from_environment(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Read the settings.

    :param overrides: settings that win over those of the environment.
    :returns: what Flask's configuration is filled with.
    :raises SettingsError: a setting is missing or makes no sense.
    """
    given = {**os.environ, **overrides}
    database_url = _required(given, "DATABASE_URL", "the database's address, such as mysql+pymysql://user:…@host/name")
    settings = {
        "SECRET_KEY": _required(given, "SECRET_KEY", "a long random text that signs sessions"),
        "SQLALCHEMY_DATABASE_URI": database_url,
        "ELASTICSEARCH_URL": given.get("ELASTICSEARCH_URL", ""),
        "REDIS_URL": given.get("REDIS_URL", ""),
        "MAIL_SERVER": given.get("MAIL_SERVER", ""),
        "MAIL_PORT": int(_number(given, "MAIL_PORT", 25)),
        "MAIL_USE_TLS": _switch(given, "MAIL_USE_TLS"),
        "MAIL_USERNAME": given.get("MAIL_USERNAME", ""),
        "MAIL_PASSWORD": given.get("MAIL_PASSWORD", ""),
        "MAIL_SENDER": given.get("MAIL_SENDER", "microblog@localhost"),
        "MS_TRANSLATOR_KEY": given.get("MS_TRANSLATOR_KEY", ""),
        "MS_TRANSLATOR_REGION": given.get("MS_TRANSLATOR_REGION", ""),
        "MS_TRANSLATOR_URL": given.get("MS_TRANSLATOR_URL", "https://api.cognitive.microsofttranslator.com"),
        "POSTS_PER_PAGE": int(_number(given, "POSTS_PER_PAGE", 20)) or 20,
        "EXPORT_POSTS_PER_SECOND": _number(given, "EXPORT_POSTS_PER_SECOND", 0),
        "VERSION": given.get("VERSION", "") or "development",
        "LANGUAGES": LANGUAGES,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "SEND_FILE_MAX_AGE_DEFAULT": 3600,
    }
    settings["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(database_url, _number(given, "DATABASE_READ_TIMEOUT", 15))
    return {**overrides, **settings}
