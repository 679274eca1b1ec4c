import socket
import threading
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, stamp, upgrade
from sqlalchemy import inspect, text

from conftest import SETTINGS, Visitor, migrate
from microblog import create_app
from microblog.extensions import db
from microblog.settings import SettingsError, from_environment
from servers import free_port

AWAY = "mysql+pymysql://microblog:secret-word@127.0.0.1:{port}/microblog"


def test_health_tells_what_is_off(visitor):
    answer = visitor.client.get("/health")
    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert answer.json["version"] == "test-version"
    states = {name: found["state"] for name, found in answer.json["dependencies"].items()}
    assert states == {"database": "up", "redis": "off", "elasticsearch": "off"}


def test_health_with_optional_servers_away_is_still_ok_and_quick(make_app):
    app = make_app(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0", ELASTICSEARCH_URL=f"http://127.0.0.1:{free_port()}")
    began = time.monotonic()
    answer = app.test_client().get("/health")
    assert time.monotonic() - began < 2.5
    assert answer.status_code == 200
    assert answer.json["dependencies"]["redis"] == {"state": "down", "error": "ConnectionError"}
    assert answer.json["dependencies"]["elasticsearch"] == {"state": "down", "error": "ConnectionError"}


def test_health_with_redis(make_app, redis):
    app = make_app(REDIS_URL=redis.url)
    assert app.test_client().get("/health").json["dependencies"]["redis"]["state"] == "up"
    redis.stop()
    assert app.test_client().get("/health").json["dependencies"]["redis"]["state"] == "down"


def test_a_database_that_is_away_makes_the_application_unhealthy_but_not_broken():
    app = create_app({**SETTINGS, "DATABASE_URL": AWAY.format(port=free_port())})
    client = app.test_client()
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json["status"] == "unavailable"
    assert answer.json["dependencies"]["database"] == {"state": "down", "error": "OperationalError"}
    assert "secret-word" not in answer.get_data(as_text=True)

    page = client.get("/", headers={"Accept-Language": "de"})
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "Wir sind gleich wieder da" in page.get_data(as_text=True)
    assert client.get("/api/posts").json == {"error": "The database does not answer."}
    assert client.get("/version").status_code == 200


def test_a_database_that_takes_connections_and_is_silent_is_noticed_in_time():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        app = create_app({**SETTINGS, "DATABASE_URL": AWAY.format(port=listener.getsockname()[1])})
        began = time.monotonic()
        assert app.test_client().get("/health").status_code == 503
        assert time.monotonic() - began < 4


def test_a_database_without_tables_is_not_healthy():
    app = create_app(SETTINGS)
    answer = app.test_client().get("/health")
    assert answer.status_code == 503
    assert answer.json["dependencies"]["database"]["state"] == "empty"
    migrate(app)
    assert app.test_client().get("/health").status_code == 200


def test_a_logged_in_session_does_not_matter_for_health(somebody):
    assert somebody.client.get("/health").status_code == 200


def test_version(visitor):
    assert visitor.client.get("/version").json == {"version": "test-version"}
    assert "test-version" in visitor.get("/")


@pytest.mark.parametrize("path", ["/nothing", "/posts/1/delete"])
def test_unknown_addresses_get_a_page(visitor, path):
    answer = visitor.client.get(path)
    assert answer.status_code in (404, 405)
    assert "To the newest posts" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL is no address"),
        ({"MAIL_PORT": "many"}, "MAIL_PORT is 'many': expected a number"),
        ({"MAIL_USE_TLS": "perhaps"}, "MAIL_USE_TLS is 'perhaps': expected 1 or 0"),
        ({"EXPORT_POSTS_PER_SECOND": "-1"}, "EXPORT_POSTS_PER_SECOND is '-1'"),
    ],
)
def test_settings_that_make_no_sense_are_named(change, message):
    with pytest.raises(SettingsError, match=message.replace("'", ".")):
        from_environment({**SETTINGS, **change})


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    monkeypatch.setenv("DATABASE_URL", "sqlite://")
    monkeypatch.setenv("MAIL_USE_TLS", "true")
    settings = from_environment({})
    assert settings["SECRET_KEY"] == "from the environment"
    assert settings["MAIL_USE_TLS"] is True
    assert settings["POSTS_PER_PAGE"] == 20


def check_migrations(app):
    """Go up and down through all the migrations, and compare the result with the models."""
    with app.app_context():
        assert {"users", "posts", "exports"} <= set(inspect(db.engine).get_table_names())
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
        downgrade(revision="0001")
        assert "exports" not in inspect(db.engine).get_table_names()
        downgrade(revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        upgrade()
        upgrade()
        assert {"users", "posts", "exports"} <= set(inspect(db.engine).get_table_names())


def test_migrations_on_sqlite(app):
    check_migrations(app)


def test_a_migration_keeps_the_rows(app, somebody):
    somebody.post("to be kept")
    with app.app_context():
        downgrade(revision="0001")
        upgrade()
        assert db.session.scalar(text("SELECT body FROM posts")) == "to be kept"


def test_migrations_on_mariadb(make_app, mariadb_url):
    check_migrations(make_app(DATABASE_URL=mariadb_url))


def test_two_processes_migrate_mariadb_one_after_the_other(make_app, mariadb_url):
    app = make_app(DATABASE_URL=mariadb_url)
    with app.app_context():
        downgrade(revision="base")
    failures = []

    def run():
        try:
            with app.app_context():
                upgrade()
        except BaseException as error:
            failures.append(error)

    with app.app_context(), db.engine.connect() as other:
        other.execute(text("SELECT GET_LOCK('microblog-migrations', 1)"))
        thread = threading.Thread(target=run)
        thread.start()
        time.sleep(1)
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        other.execute(text("SELECT RELEASE_LOCK('microblog-migrations')"))
    thread.join(30)
    assert failures == []
    with app.app_context():
        assert "posts" in inspect(db.engine).get_table_names()


def test_mariadb_serves_all_of_unicode(make_app, mariadb_url):
    app = make_app(DATABASE_URL=mariadb_url)
    visitor = Visitor(app.test_client())
    visitor.register(f"unicode-{time.time_ns() % 10**8}")
    assert "𝄞 🙂 ß" in visitor.post("𝄞 🙂 ß")
    assert app.test_client().get("/health").json["dependencies"]["database"]["state"] == "up"


def test_stamping_is_possible(app):
    with app.app_context():
        stamp(revision="0001")
        assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
