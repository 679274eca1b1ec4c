"""What the benchmarks of releases share: fleets with a test application, and the tables of docs/reliability.md."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox import names
from tests.bench.common import ROOT, sandbox
from tests.releases import images
from tests.releases.conftest import SERVERS
from tests.releases.fleet import Fleet

PAGE = ROOT / "docs/reliability.md"


def fleet(app: Sequence[str] = SERVERS[:1], data: Sequence[str] = ()) -> Fleet:
    """A fleet on bare servers of the sandbox, with the applications' images in the registry."""
    servers = [names.server(name).name for name in [*app, *data]]
    sandbox("up", *servers)
    # What an earlier run has left there, perhaps of an older Slipway, would be in the way.
    sandbox("reset", *servers)
    for application in ("beacon", "courier"):
        images.build(application, "v1")
    return Fleet(app, data)


def markdown(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def write_table(name: str, text: str) -> None:
    """Puts a table into docs/reliability.md, between the marks that bear its name."""
    page = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: written by python -m tests.bench {name} -->", f"<!-- end of {name} -->"
    marked = re.compile(rf"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    assert marked.search(page), f"{PAGE.name} has no place for {name}"
    PAGE.write_text(marked.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", page), encoding="utf-8")
