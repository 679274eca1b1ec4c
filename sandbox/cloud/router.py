"""Which handler a call goes to: methods and paths with parts that vary, e.g. `/v2/droplets/<id>`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from sandbox.cloud.web import Answer, Call, Handler

Routes = Mapping[tuple[str, str], Handler]


class Router:
    """Handlers by method and path."""

    def __init__(self, routes: Iterable[Routes]) -> None:
        rules = [
            Rule(path, methods=[method], endpoint=handler)
            for group in routes
            for (method, path), handler in group.items()
        ]
        self._paths = Map(rules, strict_slashes=False, merge_slashes=False).bind("")

    def handle(self, call: Call) -> Answer | None:
        """The answer to a call; None if no path fits."""
        try:
            handler, arguments = self._paths.match(call.path, call.method)
        except (NotFound, MethodNotAllowed):
            return None
        return handler(dataclasses.replace(call, arguments=arguments))
