"""The pages, one module a subject."""

from flask import Flask

from microblog.views import account, api, exports, operations, posts, search


def init_app(app: Flask) -> None:
    for module in (account, api, exports, operations, posts, search):
        app.register_blueprint(module.pages)
