"""Microblog: a small social web application, made to be deployed."""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from microblog import errors, language, views
from microblog.export_queue import ExportQueue
from microblog.extensions import csrf, db, login_manager
from microblog.mail import Mailer
from microblog.search import PostIndex
from microblog.sessions import SecureWhereEncrypted
from microblog.settings import from_environment
from microblog.translator import Translator


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Make the application from the environment.

    :param overrides: settings that win over those of the environment (see ``microblog.settings``).
    :raises SettingsError: a setting is missing or makes no sense; the message names it.
    """
    app = Flask(__name__)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.config.from_mapping(from_environment(overrides or {}))
    app.session_interface = SecureWhereEncrypted()
    # One proxy stands before the application and says whom it speaks for.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)

    db.init_app(app)
    login_manager.init_app(app)
    csrf.init_app(app)
    language.init_app(app)

    app.extensions["post_index"] = PostIndex(app.config["ELASTICSEARCH_URL"])
    app.extensions["export_queue"] = ExportQueue(app.config["REDIS_URL"])
    app.extensions["mailer"] = Mailer.from_settings(app.config)
    app.extensions["translator"] = Translator.from_settings(app.config)

    views.init_app(app)
    errors.init_app(app)
    return app
