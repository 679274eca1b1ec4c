"""A value is found in whatever a tool makes of it, wherever it stands in there."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.search.forms import Sought, forms

VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=8, max_size=40)


@given(VALUES, st.binary(max_size=5), st.binary(max_size=5))
def test_in_base64_at_any_position(value: str, before: bytes, after: bytes) -> None:
    sought = Sought.of({"it": value})
    text = before + value.encode() + after
    assert sought.names_in(base64.b64encode(text)) == {"it"}
    assert sought.names_in(base64.urlsafe_b64encode(text)) == {"it"}


@given(VALUES)
def test_in_urls_json_and_hexadecimal(value: str) -> None:
    sought = Sought.of({"it": value})
    for text in (
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps({"a": value}),
        value.encode().hex(),
    ):
        assert sought.names_in(f"x{text}y".encode()) == {"it"}


@pytest.mark.parametrize("value", ["", "short"])
def test_what_is_too_short_to_be_told_from_other_text(value: str) -> None:
    assert all(len(form) >= 8 for form in forms(value))
