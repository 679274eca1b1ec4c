"""A database's credentials come from the URL that the application reaches it by, or from beside its preset."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.application import Service
from ansible_collections.slipway.vps.plugins.module_utils.credentials import credential_problems, service_settings
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.applications import SMALL, application, changed

PART = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20
)


def settings(url: str, **own: Any) -> dict[str, Any]:
    shop = application(changed(SMALL, secrets={"URL": url}, services={"store": {"preset": "redis"}}))
    return service_settings(shop, Service("store", "postgres", own, {}))


@given(PART, PART, st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True))
def test_any_user_and_password_that_are_quoted_are_found(user: str, password: str, database: str) -> None:
    url = (
        f"postgresql+psycopg://{quote(user, safe='')}:{quote(password, safe='')}@store:5432/{database}?sslmode=disable"
    )
    assert settings(url) == {"user": user, "password": password, "database": database}


@pytest.mark.parametrize(
    "url",
    [
        "redis://store:6379/0",
        "postgresql://u:p@another/db",
        "postgresql://u:p@store.example.com/db",
        "mail me at someone@store please",
        "http://[::1@store",
    ],
)
def test_a_url_of_something_else_gives_nothing(url: str) -> None:
    assert settings(url) == {}


def test_what_stands_beside_the_preset_wins() -> None:
    assert settings("postgresql://u:p@store/db", user="root")["user"] == "root"


def test_a_database_without_credentials_is_a_problem_that_says_what_is_missing() -> None:
    shop = application(
        changed(SMALL, services={"db": {"preset": "postgres", "user": "u"}, "cache": {"preset": "redis"}})
    )
    (problem,) = credential_problems("apps/shop.yml", shop)
    assert str(problem).startswith("apps/shop.yml: services.db: found no database, password; expected them beside")


def test_a_number_as_password_is_text() -> None:
    data = changed(SMALL, services={"db": {"preset": "postgres", "user": "u", "database": "d", "password": 12345}})
    shop = application(data)
    assert credential_problems("f", shop) == [] and service_settings(shop, shop.services[0])["password"] == "12345"
