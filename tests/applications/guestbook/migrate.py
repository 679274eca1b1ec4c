"""Runs each file of schema/ once, in the order of their names."""

from pathlib import Path

from app import database

with database() as connection, connection.cursor() as cursor:
    # Several containers start at once.
    cursor.execute("SELECT GET_LOCK('guestbook-schema', 60)")
    cursor.execute("CREATE TABLE IF NOT EXISTS migrations (name VARCHAR(100) PRIMARY KEY)")
    cursor.execute("SELECT name FROM migrations")
    done = {name for (name,) in cursor.fetchall()}
    for file in sorted(Path("schema").glob("*.sql")):
        if file.name not in done:
            cursor.execute(file.read_text())
            cursor.execute("INSERT INTO migrations VALUES (%s)", (file.name,))
            print(f"migrate: {file.name}", flush=True)
