"""Choosing the language of a page."""

from flask import Flask, current_app, request, session
from flask_babel import Babel, get_locale

babel = Babel()


def select_language() -> str | None:
    """The language that the visitor chose, else the best of those that the browser asks for."""
    chosen = session.get("language")
    if chosen in current_app.config["LANGUAGES"]:
        return chosen
    return request.accept_languages.best_match(current_app.config["LANGUAGES"])


def init_app(app: Flask) -> None:
    babel.init_app(app, locale_selector=select_language)

    @app.context_processor
    def language_for_templates() -> dict[str, object]:
        return {"language": str(get_locale() or "en"), "languages": app.config["LANGUAGES"]}
