"""Searching the posts."""

import click
from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from microblog.extensions import db
from microblog.models import Post
from microblog.search import PostIndex, SearchUnavailable

pages = Blueprint("search", __name__)

# Elasticsearch does not page beyond its ten-thousandth hit.
LAST_PAGE = 100


def find_posts(words: str, number: int) -> tuple[list[Post], int]:
    """Return one page of the posts that match, the best first, and the number of all.

    :raises SearchUnavailable: Elasticsearch does not answer.
    """
    size = current_app.config["POSTS_PER_PAGE"]
    index: PostIndex = current_app.extensions["post_index"]
    ids, total = index.find(words, (number - 1) * size, size)
    found = {post.id: post for post in db.session.scalars(select(Post).where(Post.id.in_(ids)))} if ids else {}
    return [found[post_id] for post_id in ids if post_id in found], total


@pages.get("/search")
def results() -> ResponseReturnValue:
    words = request.args.get("q", "").strip()[:200]
    number = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    enabled = current_app.extensions["post_index"].enabled
    posts: list[Post] = []
    total, available = 0, True
    if enabled and words:
        try:
            posts, total = find_posts(words, number)
        except SearchUnavailable as error:
            current_app.logger.warning("Elasticsearch does not answer: %s", error)
            available = False
    more = number < LAST_PAGE and number * current_app.config["POSTS_PER_PAGE"] < total
    return render_template(
        "search.html",
        words=words,
        posts=posts,
        total=total,
        number=number,
        more=more,
        enabled=enabled,
        available=available,
    ), 200 if available else 503


@pages.cli.command("rebuild")
def rebuild() -> None:
    """Index all posts anew."""
    index: PostIndex = current_app.extensions["post_index"]
    if not index.enabled:
        raise click.ClickException("search is off: ELASTICSEARCH_URL is not set")
    posts = db.session.scalars(select(Post).order_by(Post.id).execution_options(yield_per=500))
    try:
        click.echo(f"{index.rebuild(posts)} posts indexed")
    except SearchUnavailable as error:
        raise click.ClickException(f"Elasticsearch does not answer: {error}") from error
