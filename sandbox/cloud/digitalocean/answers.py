"""The form of DigitalOcean's answers: errors, pages, checks of requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.cloud.store import identity
from sandbox.cloud.web import Answer, Call, Refusal

PER_PAGE, MOST_PER_PAGE = 20, 200
NOT_FOUND = "The resource you requested could not be found."


def error(status: int, short: str, message: str) -> Answer:
    """An error's body, as the API's description has it."""
    return Answer(status, {"id": short, "message": message, "request_id": identity()})


def not_found(message: str = NOT_FOUND) -> Refusal:
    """404."""
    return Refusal(error(404, "not_found", message))


def invalid(message: str) -> Refusal:
    """422: the request cannot be carried out as it is."""
    return Refusal(error(422, "unprocessable_entity", message))


def conflict(message: str) -> Refusal:
    """409."""
    return Refusal(error(409, "conflict", message))


def content(call: Call) -> dict[str, Any]:
    """The request's JSON object. Refusal (400) if it is none."""
    try:
        document = call.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Refusal(error(400, "bad_request", "unable to decode the request's JSON body"))
    return document


def field(document: dict[str, Any], name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
    """A field of a request, checked for its type; `default` where it is left out. Refusal if it is of another type."""
    value = document.get(name)
    if value is None:
        return default
    wrong_flag = isinstance(value, bool) and kind is not bool
    if wrong_flag or not isinstance(value, kind):
        raise invalid(f"{name} has an invalid type")
    return value


def texts(document: dict[str, Any], name: str, kinds: tuple[type, ...] = (str,)) -> list[Any]:
    """A field that is a list of texts. Refusal if it is something else."""
    values = field(document, name, list, [])
    if not all(isinstance(value, kinds) and not isinstance(value, bool) for value in values):
        raise invalid(f"{name} has an invalid type")
    return values


def page(call: Call, root: str, items: Sequence[Any]) -> Answer:
    """One page of a listing, with links to the others where there are any."""
    number, size = _positive(call, "page", 1), min(_positive(call, "per_page", PER_PAGE), MOST_PER_PAGE)
    last = max(1, -(-len(items) // size))

    def link(to: int) -> str:
        others = "".join(f"&{name}={value}" for name, value in call.query.items() if name not in ("page", "per_page"))
        given = f"&per_page={size}" if "per_page" in call.query else ""
        return f"{base(call)}{call.path}?page={to}{given}{others}"

    pages = {}
    if number > 1:
        pages |= {"first": link(1), "prev": link(number - 1)}
    if number < last:
        pages |= {"next": link(number + 1), "last": link(last)}
    shown = list(items[(number - 1) * size : number * size])
    return Answer(200, {root: shown, "links": {"pages": pages} if pages else {}, "meta": {"total": len(items)}})


def base(call: Call) -> str:
    """The address at which the API was called, for links."""
    return f"https://{call.headers.get('host', 'cloud.sandbox')}"


def _positive(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, str(default))
    if not value.isdigit() or int(value) < 1:
        raise invalid(f"{name} must be a positive integer")
    return int(value)
