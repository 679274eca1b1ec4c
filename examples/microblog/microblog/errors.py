"""What a visitor sees when something is wrong: a page, or JSON below /api."""

import logging

from flask import Flask, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from microblog.extensions import db, login_manager
from microblog.views.targets import here

log = logging.getLogger(__name__)


def wants_json() -> bool:
    return request.path.startswith("/api/")


def init_app(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        messages = {
            404: _("There is nothing here."),
            405: _("That cannot be done here."),
            413: _("That is too large."),
            500: _("Something went wrong on our side."),
        }
        if error.response is not None:
            return error.response
        status = error.code or 500
        if wants_json():
            return jsonify(error=error.description), status
        if isinstance(error, CSRFError):
            message = _("This page has grown old. Please go back, reload it and try again.")
        else:
            message = messages.get(status) or error.description or error.name
        return render_template("error.html", status=status, message=message), status

    @app.errorhandler(OperationalError)
    @app.errorhandler(InterfaceError)
    @app.errorhandler(PoolTimeoutError)
    def database_away(error: Exception) -> ResponseReturnValue:
        log.error("the database does not answer: %s", getattr(error, "orig", error))
        # Nothing on the error page may ask the database again, not even who is logged in.
        db.session.remove()
        message = "The database does not answer."
        body = jsonify(error=message) if wants_json() else render_template("away.html")
        return body, 503, {"Retry-After": "5"}

    @login_manager.unauthorized_handler
    def log_in_first() -> ResponseReturnValue:
        if wants_json():
            return jsonify(error="log in first"), 401
        flash(_("Please log in first."))
        return redirect(url_for("account.login", next=here()))

    @app.after_request
    def security_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
