"""Pages of posts, and what writing one takes."""

from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from microblog.extensions import db
from microblog.models import Post, User


@dataclass(frozen=True)
class Page:
    """Some posts, the newest first."""

    posts: list[Post]
    older_than: int | None
    """Where the next page begins; none if this is the last one."""


def read_page(before: int | None = None, author: User | None = None) -> Page:
    """Read one page of posts.

    A page begins at a post, not after a number of posts: every page costs the same, and new posts shift nothing.

    :param before: the id that all posts of the page are older than; none for the newest.
    :param author: only this person's posts.
    """
    size = current_app.config["POSTS_PER_PAGE"]
    query = select(Post).order_by(Post.id.desc()).limit(size + 1)
    if before is not None:
        query = query.where(Post.id < before)
    if author is not None:
        query = query.where(Post.author_id == author.id)
    posts = list(db.session.scalars(query))
    shown = posts[:size]
    return Page(shown, shown[-1].id if len(posts) > size else None)


def write_post(author: User, body: str) -> Post:
    """Store a post and make it searchable."""
    post = Post(author=author, body=body)
    db.session.add(post)
    db.session.commit()
    current_app.extensions["post_index"].add(post)
    return post


def delete_post(post: Post) -> None:
    """Remove a post from the database and from search."""
    post_id = post.id
    db.session.delete(post)
    db.session.commit()
    current_app.extensions["post_index"].remove(post_id)
