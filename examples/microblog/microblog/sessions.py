"""The session's cookie."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface


class SecureWhereEncrypted(SecureCookieSessionInterface):
    """Marks the cookie `Secure` on HTTPS and leaves it usable on plain HTTP, where a laptop or a test serves."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure
