"""Which handler a call goes to: methods and paths with parts that vary, e.g. `/v2/droplets/<id>`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from sandbox.cloud.web import Answer, Call, Handler

Route = tuple[str, str]
Routes = Mapping[Route, Handler]


class Router:
    """Handlers by method and path."""

    def __init__(self, routes: Iterable[Routes]) -> None:
        self._handlers = {route: handler for group in routes for route, handler in group.items()}
        self._paths = _compiled(tuple(self._handlers)).bind("")

    def handle(self, call: Call) -> Answer | None:
        """The answer to a call; None if no path fits."""
        try:
            route, arguments = self._paths.match(call.path, call.method)
        except (NotFound, MethodNotAllowed):
            return None
        return self._handlers[route](dataclasses.replace(call, arguments=arguments))


@functools.cache
def _compiled(routes: tuple[Route, ...]) -> Map:
    rules = [Rule(path, methods=[method], endpoint=(method, path)) for method, path in routes]
    return Map(rules, strict_slashes=False, merge_slashes=False)
