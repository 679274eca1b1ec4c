"""Durations as Compose writes them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.duration import parse_duration, parse_seconds, show_duration
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1h30m", 5400), ("500ms", 0.5), ("1m0.5s", 60.5), ("250us", 0.00025), (45, 45), (1.5, 1.5), (0, 0)],
)
def test_durations(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "30", "s", "-5s", "5 s", "5s ", "1d", "five", "5s5", None, True, [], -1, float("nan"), float("inf")]
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)  # type: ignore[arg-type]


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_parts_add_up(hours: int, minutes: int, seconds: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == 3600 * hours + 60 * minutes + seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (0.44, "0.4 s"), (9.94, "9.9 s"), (12.3, "12 s"), (185, "3 min 05 s"), (3599.7, "60 min 00 s")],
)
def test_a_person_s_form(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text


@pytest.mark.parametrize(("text", "seconds"), [("300", 300), (300, 300), ("5m", 300), ("1.5", 1.5)])
def test_what_a_person_types_for_seconds(text: str | int, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan", ""])
def test_what_is_no_number_of_seconds(text: str) -> None:
    with pytest.raises(ValueError):
        parse_seconds(text)
