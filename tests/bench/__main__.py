"""Runs the benchmarks and writes what they found into docs/benchmarks.md.

    python -m tests.bench              all of them, thoroughly
    python -m tests.bench no_op        these alone
    python -m tests.bench --short      few rounds of the quick ones; docs/benchmarks.md stays as it is

A benchmark is a module of this folder with TITLE, SHORT (whether it is one of the quick ones) and `measure(bench)`.
The exit code is 1 when a goal was missed; a short run, on whatever machine and beside whatever else, only tells.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tests.bench.common import Bench, load, write_section

HERE = Path(__file__).parent


def benchmarks() -> dict[str, ModuleType]:
    """Every benchmark of this folder, by name; those that need a deployed application before those that reset it."""
    modules = {
        path.stem: importlib.import_module(f"tests.bench.{path.stem}")
        for path in sorted(HERE.glob("*.py"))
        if path.stem not in ("__main__", "common") and "TITLE = " in path.read_text(encoding="utf-8")
    }
    return dict(sorted(modules.items(), key=lambda item: getattr(item[1], "ORDER", 50)))


def main(arguments: Sequence[str] | None = None) -> int:
    found = benchmarks()
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(found)}; default: all")
    parser.add_argument("--short", action="store_true", help="few rounds of the quick ones, nothing written")
    parser.add_argument("--server", default="vps-4", help="the sandbox's server to use; what is on it is lost")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in found]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(found)}")
    chosen = {name: module for name, module in found.items() if not options.names or name in options.names}
    if options.short and not options.names:
        chosen = {name: module for name, module in chosen.items() if module.SHORT}
    bench = Bench(options.short, options.server)
    missed = 0
    for name, module in chosen.items():
        before, begun = load(), time.monotonic()
        print(f"== {name}: {module.TITLE}", flush=True)
        result = module.measure(bench)
        print(result.text)
        for goal in result.goals:
            print(f"   {goal}")
            missed += not goal.reached
        print(f"   ({time.monotonic() - begun:.0f} s)", flush=True)
        if not options.short:
            write_section(name, module.TITLE, result.text, f"python -m tests.bench {name}", before)
    print(f"{missed} of the goals missed" if missed else "all goals reached")
    return 1 if missed and not options.short else 0


if __name__ == "__main__":
    sys.exit(main())
