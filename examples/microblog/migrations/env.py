"""How the migrations run: on the application's own engine, and one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from logging.config import fileConfig

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

LOCK = "microblog-migrations"
LOCK_SECONDS = 300

database = current_app.extensions["migrate"].db


@contextmanager
def only_one(connection: Connection) -> Iterator[None]:
    """Keep other processes out: MySQL rolls no half-made table back, and two at once would trip over each other."""
    if connection.dialect.name not in ("mysql", "mariadb"):
        yield
        return
    if connection.scalar(text("SELECT GET_LOCK(:lock, :seconds)"), {"lock": LOCK, "seconds": LOCK_SECONDS}) != 1:
        raise RuntimeError(f"another process has been migrating for {LOCK_SECONDS} s")
    connection.commit()
    try:
        yield
    finally:
        connection.scalar(text("SELECT RELEASE_LOCK(:lock)"), {"lock": LOCK})


def migrate() -> None:
    options = current_app.extensions["migrate"].configure_args
    with database.engine.connect() as connection, only_one(connection):
        context.configure(connection=connection, target_metadata=database.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    context.configure(url=database.engine.url, target_metadata=database.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    # Within a test, logging is the test runner's.
    if not current_app.testing:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    migrate()
