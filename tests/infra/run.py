"""Runs the checks of one host: `python run.py <expectation.json> <results.json>`.

The action plugin slipway.vps.verify calls it.
"""

from __future__ import annotations

import json
import os
import sys
from os.path import commonpath
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# Each plugin costs time at the start, and these have nothing to do here.
UNUSED = (
    "cacheprovider",
    "junitxml",
    "pastebin",
    "doctest",
    "unittest",
    "stepwise",
    "setuponly",
    "setupplan",
    "faulthandler",
    "debugging",
)


def main(expectation: Path, results: Path) -> int:
    """0: all checks passed; 1: some failed; 2: they could not be run. `results` tells which, in JSON."""
    # Plugins that happen to be installed cost up to a second; testinfra's own is not needed for its hosts.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(FOLDER))
    import world

    opened = world.open_world(expectation)
    # Imported only now: it takes as long as the gathering, which runs meanwhile.
    import pytest
    import suite
    import user_fixtures
    from collector import GatherError

    try:
        _ = opened.facts
    except GatherError as error:
        results.write_text(json.dumps({"error": str(error)}), encoding="utf-8")
        return 2
    plugin = suite.Suite(opened, results)
    options = [option for name in UNUSED for option in ("-p", f"no:{name}")]
    tests = [str(FOLDER), *opened.expectation["tests"]]
    # A file outside the root has no name in pytest's reports.
    options += ["--import-mode=importlib", f"--config-file={FOLDER / 'pytest.ini'}", f"--rootdir={commonpath(tests)}"]
    options += ["--quiet", "--no-header", "--tb=short", "--continue-on-collection-errors"]
    code = pytest.main([*options, *tests], plugins=[plugin, user_fixtures])
    return 0 if code == pytest.ExitCode.OK else 1 if code == pytest.ExitCode.TESTS_FAILED else 2


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
