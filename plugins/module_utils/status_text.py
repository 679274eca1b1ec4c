"""The status of an application on a host, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .probe import Probe

LAST_RELEASES = 5


def status_lines(application: str, probe: Probe) -> list[str]:
    """What is live, since when, by whom, from which commit; containers; lock; the last releases."""
    record = probe.releases.get(probe.live)
    if record is None:
        lines = ["no release is live"]
    else:
        since = next(
            (line["at"] for line in reversed(probe.ledger) if line.get("release") == probe.live),
            record.get("created", ""),
        )
        commit = f", commit {record['commit'][:12]}" if record.get("commit") else ""
        lines = [
            f"release {probe.live} is live since {since}, by {record.get('by', 'unknown')}{commit}",
            f"image {record.get('image', '')}",
        ]
    if probe.maintenance:
        lines.append("maintenance mode is on")
    if probe.lock:
        lines.append(
            f"locked by {probe.lock['owner']} ({probe.lock['purpose']}) since {probe.lock['since']}, until"
            f" {probe.lock['expires']}"
        )
    for container in sorted(probe.own(application), key=lambda c: (c.service, -c.release, c.name)):
        kind = container.service or f"{container.process} of release {container.release}"
        lines.append(f"{container.name}: {kind}, {container.status}")
    for line in probe.ledger[-LAST_RELEASES:]:
        lines.append(_ledger_line(line))
    return lines


def _ledger_line(line: Mapping[str, Any]) -> str:
    what = "rollback to release " + str(line["of"]) if line.get("of") else "deploy"
    seconds = f" in {line['seconds']} s" if line.get("seconds") else ""
    reason = f": {line['reason']}" if line.get("reason") else ""
    tag = f" {line['tag']}" if line.get("tag") else ""
    return (
        f"history: {line.get('at', '')} release {line.get('release')} {line.get('result')}{seconds} ({what}{tag}, by"
        f" {line.get('by', 'unknown')}){reason}"
    )


def fleet_lines(live: Mapping[str, tuple[int, str]]) -> list[str]:
    """How the hosts differ; `live` maps each app host to its live release and digest."""
    if len(set(live.values())) <= 1:
        return []
    parts = ", ".join(
        f"{host} has {'release ' + str(number) if number else 'none'}" for host, (number, _digest) in live.items()
    )
    return [f"the fleet is mixed: {parts}; a deploy ends that"]
