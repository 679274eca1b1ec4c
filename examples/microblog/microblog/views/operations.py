"""Pages for those who run the application, and the choice of the language."""

from dataclasses import asdict

from flask import Blueprint, current_app, jsonify, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from microblog import health
from microblog.views.targets import local_target

pages = Blueprint("operations", __name__)


@pages.get("/health")
def show_health() -> ResponseReturnValue:
    """200 while pages can be served, which takes the database; 503 otherwise."""
    found = health.dependencies(current_app)
    usable = found["database"].state == "up"
    body = {
        "status": "ok" if usable else "unavailable",
        "version": current_app.config["VERSION"],
        "dependencies": {
            name: {key: value for key, value in asdict(dependency).items() if value is not None}
            for name, dependency in found.items()
        },
    }
    return jsonify(body), 200 if usable else 503


@pages.get("/version")
def show_version() -> ResponseReturnValue:
    return jsonify(version=current_app.config["VERSION"])


@pages.post("/language/<code>")
def choose_language(code: str) -> ResponseReturnValue:
    if code not in current_app.config["LANGUAGES"]:
        raise NotFound()
    session["language"] = code
    return redirect(local_target(request.form.get("next"), url_for("posts.timeline")))
