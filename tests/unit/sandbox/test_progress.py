"""What the user sees, in a terminal and elsewhere."""

from __future__ import annotations

import io
import re
import threading

import pytest
from rich.console import Console

from sandbox import progress
from sandbox.progress import Report


def report(terminal: bool) -> tuple[Report, io.StringIO]:
    output = io.StringIO()
    return Report(Console(file=output, force_terminal=terminal, width=100, soft_wrap=True, highlight=False)), output


def test_a_long_step_is_announced_and_timed_in_plain_lines() -> None:
    shown, output = report(terminal=False)
    with shown.live(), shown.step("image caddy:2.11: built", "about 3 minutes"):
        assert output.getvalue() == "image caddy:2.11: built (about 3 minutes) …\n"
    assert re.fullmatch(r"image caddy:2\.11: built: 0\.\d s", output.getvalue().splitlines()[1])


def test_a_short_step_leaves_no_line_and_one_that_took_long_does(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, output = report(terminal=False)
    with shown.step("dns"):
        pass
    assert output.getvalue() == ""
    monkeypatch.setattr(progress, "WORTH_A_LINE_SECONDS", 0.0)
    with shown.step("dns"):
        pass
    assert output.getvalue() == "dns: 0.0 s\n"


def test_a_failed_step_leaves_no_line_of_success() -> None:
    shown, output = report(terminal=False)
    with pytest.raises(RuntimeError), shown.step("image", "long"):
        raise RuntimeError
    assert output.getvalue() == "image (long) …\n"


def test_a_terminal_shows_steps_of_several_threads() -> None:
    shown, output = report(terminal=True)
    both = threading.Barrier(2, timeout=5)

    def work(name: str) -> None:
        with shown.step(f"server {name}", "some seconds"):
            both.wait()

    with shown.live():
        threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output.getvalue())
    assert "server one: 0." in text and "server two: 0." in text


def test_brackets_in_a_line_are_shown_as_they_are() -> None:
    shown, output = report(terminal=False)
    shown.say("[red]x[/red]")
    assert output.getvalue() == "[red]x[/red]\n"
