"""The form of Linode's answers: errors by field, pages, filters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.cloud.store import timestamp
from sandbox.cloud.web import Answer, Call, Refusal

PAGE_SIZE, SMALLEST_PAGE, LARGEST_PAGE = 100, 25, 500


def error(status: int, reason: str, field: str | None = None) -> Answer:
    """An error's body; `field` names the part of the request that it is about."""
    return Answer(status, {"errors": [{"reason": reason} | ({"field": field} if field else {})]})


def invalid(reason: str, field: str | None = None) -> Refusal:
    """400: the request cannot be carried out as it is."""
    return Refusal(error(400, reason, field))


def not_found() -> Refusal:
    """404."""
    return Refusal(error(404, "Not found"))


def moment(seconds: float | None = None) -> str:
    """A moment (default: now) as this API writes it."""
    return timestamp(seconds, "%Y-%m-%dT%H:%M:%S")


def content(call: Call) -> dict[str, Any]:
    """The request's JSON object. Refusal (400) if it is none."""
    try:
        document = call.json()
    except ValueError:
        raise invalid("Invalid JSON") from None
    if not isinstance(document, dict):
        raise invalid("Invalid JSON")
    return document


def field(document: dict[str, Any], name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
    """A field of a request, checked for its type; `default` where it is left out. Refusal if it is of another type."""
    value = document.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        words = {str: "a string", int: "an integer", bool: "a boolean", list: "an array", dict: "an object"}
        raise invalid(f"{name} must be {words.get(kind, 'valid') if isinstance(kind, type) else 'valid'}", name)
    return value


def texts(document: dict[str, Any], name: str) -> list[str]:
    """A field that is a list of texts. Refusal if it is something else."""
    values = field(document, name, list, [])
    if not all(isinstance(value, str) for value in values):
        raise invalid(f"{name} must be an array of strings", name)
    return values


def page(call: Call, items: Iterable[dict[str, Any]]) -> Answer:
    """One page of a listing, of what the request's filter lets through."""
    found = filtered(call, items)
    size = _number(call, "page_size", PAGE_SIZE)
    if not SMALLEST_PAGE <= size <= LARGEST_PAGE:
        raise invalid(f"Must be {SMALLEST_PAGE}-{LARGEST_PAGE}", "page_size")
    pages, number = max(1, -(-len(found) // size)), _number(call, "page", 1)
    if not 1 <= number <= pages:
        raise invalid("Not found", "page")
    shown = found[(number - 1) * size : number * size]
    return Answer(200, {"data": shown, "page": number, "pages": pages, "results": len(found)})


def _number(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, str(default))
    if not value.isdigit():
        raise invalid("Must be an integer", name)
    return int(value)


def filtered(call: Call, items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items that the header X-Filter lets through, in the order that it asks for."""
    try:
        wanted = json.loads(call.headers.get("x-filter", "{}"))
    except ValueError:
        raise invalid("Cannot decode X-Filter") from None
    order, direction = wanted.pop("+order_by", None), wanted.pop("+order", "asc")
    found = [item for item in items if matches(item, wanted)]
    return sorted(found, key=lambda item: item[order], reverse=direction == "desc") if order else found


def matches(item: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a filter lets an item through. Refusal if the filter has a key that there is not."""
    for name, condition in wanted.items():
        if name == "+and":
            good = all(matches(item, part) for part in condition)
        elif name == "+or":
            good = any(matches(item, part) for part in condition)
        else:
            value = _part(item, name)
            given = condition if isinstance(condition, dict) else {"+eq": condition}
            good = all(_compare(value, operator, wanted) for operator, wanted in given.items())
        if not good:
            return False
    return True


def _part(item: Any, name: str) -> Any:
    """A part of an item, a dot between the levels (`entity.id`). Refusal if it has none of this name."""
    for level in name.split("."):
        if not isinstance(item, dict) or level not in item:
            raise invalid(f"Cannot filter on {name}", name)
        item = item[level]
    return item


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(value, list):
        return any(_compare(each, operator, wanted) for each in value)
    comparisons = {
        "+eq": lambda: value == wanted,
        "+neq": lambda: value != wanted,
        "+contains": lambda: str(wanted) in str(value),
        "+gt": lambda: value > wanted,
        "+gte": lambda: value >= wanted,
        "+lt": lambda: value < wanted,
        "+lte": lambda: value <= wanted,
    }
    if operator not in comparisons:
        raise invalid(f"Unknown operator {operator}")
    return comparisons[operator]()
