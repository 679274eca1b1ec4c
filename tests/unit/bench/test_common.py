"""What the benchmarks share: turns, ratios, and the page that is written again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import common
from tests.bench.__main__ import benchmarks
from tests.bench.common import Goal, ratio, table, take_turns, write_section


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "benchmarks.md"
    path.write_text("# Benchmarks\n\nHow to measure.\n", encoding="utf-8")
    monkeypatch.setattr(common, "PAGE", path)
    return path


def test_a_section_takes_the_place_of_its_former_self(page: Path) -> None:
    write_section("one", "The first", "It takes 1 s.", "command", 0.1)
    write_section("two", "The second", "It takes 2 s.", "command", 0.1)
    write_section("one", "The first", r"It takes \1 s.", "command", 0.1)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Benchmarks\n\nHow to measure.\n\n<!-- one: ")
    assert text.count("## The first") == text.count("## The second") == 1
    assert "1 s." not in text.replace(r"\1 s.", "")
    assert r"It takes \1 s." in text
    assert text.index("## The first") < text.index("## The second")


def test_a_section_says_whether_the_machine_was_quiet(page: Path) -> None:
    write_section("one", "The first", "", "command", 7.0)
    assert "load 7.0 before it (a machine that others used too" in page.read_text(encoding="utf-8")


def test_every_contender_has_its_turn_in_each_round() -> None:
    order: list[str] = []
    seconds = take_turns(2, {name: lambda name=name: order.append(name) or 1.0 for name in ("a", "b")})
    assert order == ["a", "b", "a", "b"]
    assert seconds == {"a": [1.0, 1.0], "b": [1.0, 1.0]}


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    seconds = {"raw": [1.0, 10.0, 1.0], "deploy": [1.5, 12.0, 9.0]}
    assert ratio(seconds, "deploy", "raw") == 1.5
    assert "| deploy | 9.00 | 1.50 | 12.00 | 1.50 |" in table(seconds, "raw")


def test_a_goal_is_missed_by_what_is_above_it() -> None:
    assert Goal("a", 1.5, 1.5).reached
    assert not Goal("a", 1.51, 1.5).reached
    assert "MISSED" in str(Goal("a", 1.51, 1.5))


def test_every_benchmark_can_be_run() -> None:
    found = benchmarks()
    assert {"no_op", "verify_speed", "memory", "bare_server"} <= set(found)
    for module in found.values():
        assert module.TITLE and callable(module.measure) and isinstance(module.SHORT, bool)
