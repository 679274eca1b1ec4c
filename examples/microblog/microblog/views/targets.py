"""Where to go next."""

from urllib.parse import urlsplit

from flask import request


def here() -> str:
    """The path to come back to after a form on this page was sent."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def local_target(target: str | None, otherwise: str) -> str:
    """Return `target` if it is a path on this site, else `otherwise`: a link must not send people elsewhere."""
    if not target or not target.startswith("/") or "\\" in target:
        return otherwise
    parts = urlsplit(target)
    # `//host/…` is another site's address, too.
    if parts.scheme or parts.netloc or target.startswith("//"):
        return otherwise
    return target
