"""Carries the gatherer (gather/) to a server and runs it there, all in one command over testinfra's connection."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "gather"
MODULES = ("engine", "system", "leaks", "network", "data", "certificates", "hardening", "main")
# Makes the modules known under their names without a file on the server, then runs the last one.
_START = """
import base64, json, sys, types, zlib
sources, request = json.loads(zlib.decompress(base64.b64decode({payload!r})))
sys.modules["gather"] = package = types.ModuleType("gather")
for name, source in sources.items():
    module = sys.modules["gather." + name] = types.ModuleType("gather." + name)
    setattr(package, name, module)
    exec(compile(source, name + ".py", "exec", dont_inherit=True), module.__dict__)
sys.modules["gather.main"].main(request)
"""


class GatherError(Exception):
    """The facts of a host could not be had; the message says why, in a line."""


def program(request: dict[str, Any]) -> str:
    """A Python program that prints the facts which the request asks for.

    It holds no secret, since it stands in argv.
    """
    sources = {name: (FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
    payload = base64.b64encode(zlib.compress(json.dumps([sources, request]).encode(), 6)).decode()
    return _START.format(payload=payload)


def gather(host: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The facts of a testinfra host. Raises GatherError."""
    try:
        result = host.run("python3 -I -c %s", program(request))
    except RuntimeError as error:
        # testinfra's way to say that ssh itself failed (exit code 255).
        said = getattr(error.args[0] if error.args else None, "stderr", str(error))
        raise GatherError(f"the host cannot be reached: {_last_line(said)}") from None
    if result.rc != 0:
        raise GatherError(f"the host could not be looked at: {_last_line(result.stderr) or f'exit code {result.rc}'}")
    try:
        return json.loads(zlib.decompress(base64.b64decode(result.stdout.strip().splitlines()[-1])))
    except (ValueError, IndexError, zlib.error):
        raise GatherError(f"the host sent something that is no list of facts: {result.stdout[:200]!r}") from None


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
