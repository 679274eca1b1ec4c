"""What the workers do: `rq worker microblog-tasks` calls these functions by name."""

import json
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from flask import Flask
from rq import get_current_job
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from microblog import create_app
from microblog.extensions import db
from microblog.models import Export, Post, User, utc_now

BATCH = 100
PATIENCE_SECONDS = 120


@cache
def _application() -> Flask:
    return create_app()


def _patiently(step: Callable[[], Any]) -> Any:
    """Do one step against the database; if it is away, wait for it for two minutes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return step()
        except OperationalError:
            db.session.rollback()
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def _show_progress(done: int, total: int) -> None:
    job = get_current_job()
    if job is not None:
        job.meta.update(done=done, total=total)
        job.save_meta()


def export_posts(export_id: str) -> int:
    """Collect all posts of one person into the export's file.

    A second run of the same export (its first worker died) begins anew; one that is finished already stays as it is.

    :returns: the number of posts; 0 if the export is no longer there.
    """
    with _application().app_context():
        return _export_posts(export_id, _application().config["EXPORT_POSTS_PER_SECOND"])


def _begin(export_id: str) -> Export | None:
    export = db.session.get(Export, export_id)
    if export is None or export.finished_at is not None:
        return None
    export.attempts += 1
    db.session.commit()
    return export


def _batch(user_id: int, after: int, size: int) -> list[Post]:
    query = select(Post).where(Post.author_id == user_id, Post.id > after).order_by(Post.id).limit(size)
    return list(db.session.scalars(query))


def _export_posts(export_id: str, posts_per_second: float) -> int:
    export = _patiently(lambda: _begin(export_id))
    if export is None:
        return 0
    user = _patiently(lambda: db.session.get(User, export.user_id))
    count = select(func.count()).select_from(Post).where(Post.author_id == user.id)
    total = _patiently(lambda: db.session.scalar(count))
    # With a limit set, batches are small enough to show progress twice a second.
    size = min(BATCH, max(1, round(posts_per_second / 2))) if posts_per_second else BATCH

    posts: list[dict[str, Any]] = []
    last = 0
    _show_progress(0, total)
    while batch := _patiently(partial(_batch, user.id, last, size)):
        last = batch[-1].id
        posts += [{"id": post.id, "created_at": f"{post.created_at.isoformat()}Z", "body": post.body} for post in batch]
        # Between batches no transaction stays open.
        db.session.commit()
        _show_progress(len(posts), max(total, len(posts)))
        if posts_per_second:
            time.sleep(len(batch) / posts_per_second)

    document = {"format": 1, "username": user.username, "exported_at": f"{utc_now().isoformat()}Z", "posts": posts}
    content = json.dumps(document, ensure_ascii=False, indent=2).encode()
    _patiently(lambda: _finish(export_id, content, len(posts)))
    return len(posts)


def _finish(export_id: str, content: bytes, post_count: int) -> None:
    export = db.session.get(Export, export_id)
    if export is not None:
        export.content = content
        export.post_count = post_count
        export.finished_at = utc_now()
        db.session.commit()
