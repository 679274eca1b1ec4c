"""Runs a function of module_utils on a host in one round trip over the bare connection.

The sources go over standard input to the host's Python, with the arguments: nothing is written there, so that it works
on a full disk, and it costs little more than `raw` (Ansible's machinery for modules takes 0.3 s for each phase).
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.slipway.vps.plugins.module_utils.docker_engine import tail
from ansible_collections.slipway.vps.plugins.module_utils.fingerprint import fingerprint

MODULE_UTILS = Path(__file__).resolve().parents[1] / "module_utils"
MARKER = "slipway-answer "
_IMPORT = re.compile(r"^ *from \.(\w*) import (.+)$", re.MULTILINE)
# The sources become the package `slipway`; the last line calls the function and prints what it returns.
_PROGRAM = """\
import json, sys
from importlib.machinery import ModuleSpec
SOURCES = json.loads({sources!r})
class Sources:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, Sources, is_package=name == "slipway") if name in SOURCES else None
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        exec(compile(SOURCES[module.__name__], module.__name__ + ".py", "exec"), module.__dict__)
sys.meta_path.insert(0, Sources)
from slipway.{module} import {function} as run
sys.stdout.write({marker!r} + json.dumps(run(json.loads({arguments!r}))) + "\\n")
"""


@lru_cache(maxsize=4)
def sources(module: str) -> dict[str, str]:
    """The module and all that it imports from its own folder, by their names in the package."""
    found: dict[str, str] = {"slipway": ""}
    wanted = [module]
    while wanted:
        name = wanted.pop()
        if f"slipway.{name}" not in found:
            text = (MODULE_UTILS / f"{name}.py").read_text(encoding="utf-8")
            found[f"slipway.{name}"] = text
            for module_name, names in _IMPORT.findall(text):
                wanted += [module_name] if module_name else [each.split()[0] for each in names.split(",")]
    return found


def program(module: str, function: str, arguments: Any) -> str:
    """A Python program that calls a function of module_utils with `arguments` and prints its answer."""
    return _PROGRAM.format(
        sources=json.dumps(sources(module)),
        module=module,
        function=function,
        marker=MARKER,
        arguments=json.dumps(arguments),
    )


@lru_cache
def program_fingerprint(module: str) -> str:
    """A hash of the module and all that it imports."""
    return fingerprint(sources(module))


def run_program(action: ActionBase, python: str, text: str) -> Any:
    """Runs the program on the action's host and returns its answer. Raises AnsibleConnectionFailure."""
    # Isolated, and without site-packages: the standard library is all that it needs.
    output = action._low_level_execute_command(f"{python} -IS -", in_data=text.encode())
    return read_answer(str(output.get("stdout", "")), str(output.get("stderr", "")), int(output.get("rc", 0)))


def read_answer(stdout: str, stderr: str, code: int) -> Any:
    """What the program printed; a failed result when it did not come so far."""
    for line in stdout.splitlines():
        if line.startswith(MARKER):
            return json.loads(line.removeprefix(MARKER))
    last = (stderr.strip().splitlines() or stdout.strip().splitlines() or [f"exit code {code}, no output"])[-1]
    return {"failed": True, "msg": f"Python on this host did not run the step: {last}", "log": tail(stderr or stdout)}
