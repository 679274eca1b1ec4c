"""The state of everything that the application stands on."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from microblog.extensions import db

DATABASE_SECONDS = 3.0
OPTIONAL_SECONDS = 1.0


@dataclass
class Dependency:
    """What was found out about one dependency."""

    state: str
    """`up`, `down` (no answer), `off` (not configured), or `empty` (a database without the application's tables)."""
    milliseconds: float | None = None
    error: str | None = None


class EmptyDatabase(RuntimeError):
    """The database answers, but the migrations have not run."""


def _ask_database(engine: Engine) -> None:
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT version_num FROM alembic_version"))
    except (ProgrammingError, OperationalError) as error:
        # MySQL and SQLite each have their own way to say that a table is missing.
        if isinstance(error, ProgrammingError) or "no such table" in str(error.orig):
            raise EmptyDatabase from None
        raise


def _look(check: Callable[[], None]) -> Dependency:
    began = time.monotonic()
    try:
        check()
    except EmptyDatabase:
        return Dependency("empty")
    except Exception as error:  # whatever a driver raises, the answer is that the dependency is down
        # The kind of the error alone: its text may hold addresses and names.
        cause = getattr(error, "orig", None) or error.__cause__ or error
        return Dependency("down", error=type(cause).__name__)
    return Dependency("up", milliseconds=round((time.monotonic() - began) * 1000, 1))


def dependencies(app: Flask) -> dict[str, Dependency]:
    """Ask the database, Redis and Elasticsearch, all at once; the answer takes 3 s at most."""
    checks: dict[str, tuple[Callable[[], None], float]] = {}
    found = {name: Dependency("off") for name in ("database", "redis", "elasticsearch")}
    engine = db.engine
    checks["database"] = (lambda: _ask_database(engine), DATABASE_SECONDS)
    for name, service in (("redis", app.extensions["export_queue"]), ("elasticsearch", app.extensions["post_index"])):
        if service.enabled:
            checks[name] = (lambda service=service: service.ping(OPTIONAL_SECONDS), OPTIONAL_SECONDS)

    # A name that no longer resolves can hold a thread for longer than a driver's time-out: nobody waits for it here.
    began = time.monotonic()
    threads = {}
    for name, (check, _) in checks.items():
        found[name] = Dependency("down", error="TimeoutError")

        def ask(name: str = name, check: Callable[[], None] = check) -> None:
            found[name] = _look(check)

        threads[name] = threading.Thread(target=ask, daemon=True)
        threads[name].start()
    for name, thread in threads.items():
        thread.join(max(0.0, began + checks[name][1] - time.monotonic()))
    return found
