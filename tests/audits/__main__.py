"""Audits a server of the sandbox and writes the figures into docs/security.md.

    python -m tests.audits                   what is on the server now, as the column `now`
    python -m tests.audits --as strict       the same, kept as another column
    python -m tests.audits --server vm-1 --as machine
    python -m tests.audits --only-show       nothing is written

The server is as the last deploy has left it: playbooks/deploy.yml comes first. Exit code 1: a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.audits import page
from tests.audits.auditors import audit
from tests.machine.powered import reach

FIGURES = Path(__file__).with_name("figures.json")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.audits", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", default="vps-8")
    parser.add_argument("--as", dest="label", choices=page.COLUMNS, default="now")
    parser.add_argument("--only-show", action="store_true")
    options = parser.parse_args(arguments)
    server = reach(options.server)
    has_docker = server.ssh("command -v docker").returncode == 0
    figures = audit(server, has_docker).as_dict()
    kept = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    kept[options.label] = figures
    missed = page.missed(figures)
    print(page.text(kept))
    for line in missed:
        print(f"MISSED: {line}")
    if not options.only_show:
        FIGURES.write_text(json.dumps(kept, indent=1) + "\n")
        page.write(kept)
    return 1 if missed and options.label == "now" else 0


if __name__ == "__main__":
    sys.exit(main())
