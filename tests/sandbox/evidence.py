"""What the servers say when a test has failed: Docker's journal, the containers' logs, the journals of the releases."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from tests.sandbox.server import Server

# Sections end with what is read first when something is wrong.
_SCRIPT = r"""
say() { printf '\n--- %s\n' "$1"; }
command -v docker >/dev/null || { say "there is no Docker here"; exit; }
say "journal of Docker"
journalctl --unit=docker --lines=30 --no-pager --output=short-iso 2>&1
say "containers"
docker ps --all --format 'table {{.Names}}\t{{.Status}}\t{{.Image}}' 2>&1
for container in $(docker ps --all --filter label=slipway.app --format '{{.Names}}'); do
    say "log of $container"
    docker logs --tail 200 "$container" 2>&1 | grep -v http.log.access | tail -n 20 | cut -c -300
done
for journal in /var/lib/slipway/*/releases/*/journal.jsonl; do
    [ -f "$journal" ] && { say "$journal"; tail -n 20 "$journal"; }
done
for lock in /var/lib/slipway/*/lock; do
    [ -f "$lock" ] && { say "$lock"; cat "$lock"; }
done
exit 0
"""
SECONDS = 60


def add_evidence(report: pytest.TestReport, servers: Sequence[str]) -> None:
    """Adds what the servers say to the report of a test that has failed."""
    if report.failed and report.when == "call":
        report.sections += [(f"evidence of {name}", evidence(name)) for name in servers]


def evidence(name: str) -> str:
    """All of it for one server; a server that does not answer says so itself."""
    try:
        result = Server(name).ssh(_SCRIPT, timeout=SECONDS)
        found = result.stdout or result.stderr
    except subprocess.TimeoutExpired:
        found = f"no answer within {SECONDS} s"
    return f"=== {name} ===\n{found.strip()}\n"
