"""The doctor's findings as a person reads them: a table in a terminal, plain lines in the log of a CI job."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence

from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, WARN

Findings = Mapping[str, Sequence[Mapping[str, str]]]
COLORS = {OK: "green", WARN: "yellow", FAIL: "red"}


def doctor_lines(table: Findings, terminal: bool) -> list[str]:
    """The lines for all hosts' findings."""
    return _table(table) if terminal else _plain(table)


def _plain(table: Findings) -> list[str]:
    width = max((len(finding["check"]) for findings in table.values() for finding in findings), default=0)
    lines = []
    for host, findings in table.items():
        lines.append(host)
        for finding in findings:
            lines.append(f"  {finding['state']:<4}  {finding['check']:<{width}}  {finding['found']}")
            if finding["advice"]:
                lines.append(f"  {'':<4}  {'':<{width}}  → {finding['advice']}")
    return lines


def _table(table: Findings) -> list[str]:
    # Loaded where a table is drawn, and nowhere else: it costs every run 50 ms.
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=shutil.get_terminal_size().columns, force_terminal=True, highlight=False)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    for fixed in (True, True, False):
        drawn.add_column(no_wrap=fixed, overflow="fold")
    for host, findings in table.items():
        drawn.add_row(Text(host, style="bold"))
        for finding in findings:
            words = Text(finding["found"])
            if finding["advice"]:
                words.append(f"\n→ {finding['advice']}", style="bold")
            drawn.add_row(Text(finding["check"]), Text(finding["state"], style=COLORS[finding["state"]]), words)
        drawn.add_section()
    with console.capture() as captured:
        console.print(drawn)
    return captured.get().rstrip("\n").split("\n")
