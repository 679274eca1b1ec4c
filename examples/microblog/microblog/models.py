"""What the database holds."""

from datetime import UTC, datetime
from uuid import uuid4

from flask_login import UserMixin
from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from microblog.extensions import db, login_manager

POST_LENGTH = 500
# MySQL's plain BLOB ends at 64 KiB.
FILE = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def utc_now() -> datetime:
    """Now in UTC, to the second and without a zone, as the database keeps it."""
    return datetime.now(UTC).replace(microsecond=0, tzinfo=None)


class User(UserMixin, db.Model):
    """A person who can log in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(32), unique=True)
    email: Mapped[str] = mapped_column(String(190), unique=True)
    password_hash: Mapped[str] = mapped_column(String(256))
    joined_at: Mapped[datetime] = mapped_column(default=utc_now)

    def set_password(self, password: str) -> None:
        self.password_hash = generate_password_hash(password)

    def has_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)


class Post(db.Model):
    """A short text by one person."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    body: Mapped[str] = mapped_column(String(POST_LENGTH))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    author: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Export(db.Model):
    """A person's request for all of their posts as a file; the RQ job of the same id fills it."""

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    requested_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    post_count: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    content: Mapped[bytes | None] = mapped_column(FILE, deferred=True)


@login_manager.user_loader
def load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))
