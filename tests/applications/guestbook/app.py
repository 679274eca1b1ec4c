"""A guest book as many are: settings from environment variables, and nothing else known of what is around it."""

import os

import pymysql
import redis
from flask import Flask, jsonify, redirect, render_template_string, request

PAGE = """<!doctype html>
<title>{{ title }}</title>
<h1>{{ title }}</h1>
<form method="post"><input name="text" maxlength="200" required> <button>Sign</button></form>
<ul>{% for text, words in entries %}
<li>{{ text }}{% if words is not none %} ({{ words }} words){% endif %}</li>
{% endfor %}</ul>
"""


def database():
    return pymysql.connect(
        host=os.environ["DB_HOST"],
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        database=os.environ["DB_NAME"],
        charset="utf8mb4",
        connect_timeout=3,
        autocommit=True,
    )


queue = redis.Redis(host=os.environ["REDIS_HOST"], socket_timeout=3)
app = Flask(__name__)
app.secret_key = os.environ["APP_SECRET"]


@app.get("/")
def show():
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT text, words FROM entries ORDER BY id DESC LIMIT 50")
        return render_template_string(PAGE, title=os.environ.get("TITLE", "Guest book"), entries=cursor.fetchall())


@app.post("/")
def sign():
    text = request.form["text"][:200]
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO entries (text) VALUES (%s)", (text,))
        queue.lpush("guestbook:new", cursor.lastrowid)
    return redirect("/")


@app.get("/healthz")
def healthz():
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM entries")
        queue.ping()
        return jsonify(ok=True, entries=cursor.fetchone()[0])
