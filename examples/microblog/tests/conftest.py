import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from babel.messages.frontend import CommandLineInterface
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import Migrate, upgrade
from sqlalchemy import create_engine, text

import servers
from microblog import create_app
from microblog.extensions import db

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery"

# A developer's own settings must not leak into the tests.
SETTINGS = {
    "SECRET_KEY": "tests",
    "DATABASE_URL": "sqlite://",
    "TESTING": True,
    "ELASTICSEARCH_URL": "",
    "REDIS_URL": "",
    "MAIL_SERVER": "",
    "MS_TRANSLATOR_KEY": "",
    "POSTS_PER_PAGE": "5",
    "EXPORT_POSTS_PER_SECOND": "",
    "VERSION": "test-version",
}


def migrate(app: Flask) -> None:
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        upgrade()


class Visitor:
    """A person with a browser: reads a page before sending its form, CSRF token included."""

    def __init__(self, client: FlaskClient, language: str = "en") -> None:
        self.client = client
        self.headers = {"Accept-Language": language}

    def get(self, path: str) -> str:
        return self.client.get(path, headers=self.headers, follow_redirects=True).get_data(as_text=True)

    def token(self) -> str:
        return self.client.get("/api/session").json["csrf_token"]

    def send(self, path: str, **fields: str) -> str:
        fields["csrf_token"] = self.token()
        answer = self.client.post(path, data=fields, headers=self.headers, follow_redirects=True)
        return answer.get_data(as_text=True)

    def register(self, username: str, password: str = PASSWORD) -> str:
        email = f"{username}@example.org"
        return self.send("/register", username=username, email=email, password=password, repeat=password)

    def log_in(self, username: str, password: str = PASSWORD) -> str:
        return self.send("/login", username=username, password=password)

    def log_out(self) -> str:
        return self.send("/logout")

    def post(self, body: str) -> str:
        return self.send("/", body=body)


@pytest.fixture(scope="session", autouse=True)
def compiled_translations() -> None:
    """Compile the translations, as the image's build does."""
    folder = ROOT / "microblog" / "translations"
    CommandLineInterface().run(["pybabel", "--quiet", "compile", "--directory", str(folder)])


@pytest.fixture
def make_app() -> Iterator[Callable[..., Flask]]:
    """A maker of applications, each with a database of its own in memory unless DATABASE_URL is given."""
    made = []

    def make(**overrides: object) -> Flask:
        app = create_app({**SETTINGS, **overrides})
        made.append(app)
        migrate(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def somebody(visitor: Visitor) -> Visitor:
    """A visitor who is logged in as `somebody`."""
    assert "Welcome, somebody!" in visitor.register("somebody")
    return visitor


@pytest.fixture(scope="session")
def elasticsearch_url() -> Iterator[str]:
    if given := os.environ.get("ELASTICSEARCH_URL"):
        yield given
        return
    environment = {
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        "ES_JAVA_OPTS": "-Xms256m -Xmx256m",
    }
    with servers.container("elasticsearch:8.11.4", 9200, environment) as address:
        url = f"http://{address}"

        def ready() -> bool:
            return requests.get(f"{url}/_cluster/health", timeout=2).json()["status"] in ("green", "yellow")

        servers.wait_until(ready, 90, "Elasticsearch is ready")
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    if (given := os.environ.get("DATABASE_URL", "")).startswith("mysql"):
        yield given
        return
    environment = {
        "MARIADB_RANDOM_ROOT_PASSWORD": "1",
        "MARIADB_DATABASE": "microblog",
        "MARIADB_USER": "microblog",
        "MARIADB_PASSWORD": "microblog",
    }
    with servers.container("mariadb:11.8", 3306, environment) as address:
        url = f"mysql+pymysql://microblog:microblog@{address}/microblog?charset=utf8mb4"
        engine = create_engine(url, connect_args={"connect_timeout": 2})
        servers.wait_until(lambda: engine.connect().scalar(text("SELECT 1")), 60, "MariaDB is ready")
        engine.dispose()
        yield url


@pytest.fixture
def redis() -> Iterator[servers.RedisServer]:
    with servers.redis_server() as server:
        yield server


def posts_on(page: str) -> list[str]:
    """The bodies of the posts on a page, in their order."""
    return re.findall(r'<p class="body">(.*?)</p>', page, re.DOTALL)
