"""The same as JSON, for scripts: log in by `/login`, send the session's cookie, and on writing `X-CSRFToken`."""

from flask import Blueprint, abort, current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from microblog.export_queue import QueueUnavailable
from microblog.extensions import db
from microblog.forms import stripped
from microblog.models import POST_LENGTH, Post, User
from microblog.search import SearchUnavailable
from microblog.timeline import read_page, write_post
from microblog.views.exports import describe, request_export
from microblog.views.search import LAST_PAGE, find_posts

pages = Blueprint("api", __name__, url_prefix="/api")


def post_as_json(post: Post) -> dict[str, object]:
    return {
        "id": post.id,
        "author": post.author.username,
        "body": post.body,
        "created_at": f"{post.created_at.isoformat()}Z",
    }


@pages.get("/session")
def show_session() -> ResponseReturnValue:
    name = current_user.username if current_user.is_authenticated else None
    return jsonify(username=name, csrf_token=generate_csrf())


@pages.get("/posts")
def list_posts() -> ResponseReturnValue:
    username = request.args.get("author")
    author = db.first_or_404(select(User).where(User.username == username)) if username else None
    page = read_page(request.args.get("before", type=int), author)
    following = url_for("api.list_posts", before=page.older_than, author=username) if page.older_than else None
    return jsonify(posts=[post_as_json(post) for post in page.posts], next=following)


@pages.post("/posts")
@login_required
def add_post() -> ResponseReturnValue:
    document = request.get_json()
    body = document.get("body") if isinstance(document, dict) else None
    body = stripped(body) if isinstance(body, str) else None
    if not body or len(body) > POST_LENGTH:
        abort(400, f"body: expected a text of 1 to {POST_LENGTH} characters")
    return jsonify(post_as_json(write_post(current_user, body))), 201


@pages.get("/search")
def search_posts() -> ResponseReturnValue:
    words = request.args.get("q", "").strip()[:200]
    if not current_app.extensions["post_index"].enabled:
        abort(404, "search is off: ELASTICSEARCH_URL is not set")
    if not words:
        abort(400, "q: expected one word at least")
    number = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    try:
        posts, total = find_posts(words, number)
    except SearchUnavailable:
        abort(503, "Elasticsearch does not answer")
    return jsonify(posts=[post_as_json(post) for post in posts], total=total)


@pages.post("/exports")
@login_required
def start_export() -> ResponseReturnValue:
    if not current_app.extensions["export_queue"].enabled:
        abort(404, "exports are off: REDIS_URL is not set")
    try:
        export = request_export(current_user.id)
    except QueueUnavailable:
        abort(503, "Redis does not answer")
    return jsonify(describe(export)), 202
