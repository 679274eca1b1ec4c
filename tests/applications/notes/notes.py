"""Notes in SQLite, on a volume of the application's own."""

import os
import sqlite3
from contextlib import closing

from flask import Flask, jsonify, request

FILE = os.environ.get("NOTES_FILE", "/data/notes.db")

app = Flask(__name__)


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(FILE, timeout=10)
    # During a release the old process and the new one have the file open together: readers do not wait for a writer.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    return connection


@app.get("/")
def show():
    with closing(connect()) as connection:
        rows = connection.execute("SELECT id, text FROM notes ORDER BY id").fetchall()
    return jsonify(version=os.environ.get("VERSION"), notes=[{"id": number, "text": text} for number, text in rows])


@app.post("/")
def add():
    text = request.form.get("text", "").strip()
    if not text:
        return jsonify(error="text: expected at least one character"), 400
    with closing(connect()) as connection, connection:
        number = connection.execute("INSERT INTO notes (text) VALUES (?)", (text,)).lastrowid
    return jsonify(id=number, text=text), 201


@app.get("/up")
def up():
    with closing(connect()) as connection:
        connection.execute("SELECT 1")
    return "up\n"
