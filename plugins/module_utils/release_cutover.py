"""The phases of a release from the switch on, on one host: switch, settle, and the way back.

Each may be called again at any time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from . import docker_engine as engine
from .docker_engine import Container
from .duration import show_duration
from .files import read_json, write_json
from .host_state import ApplicationState, now
from .prune import prune
from .readiness import established_connections
from .release_phases import Outcome, clean_folder
from .release_project import is_one_off

AFTER_RELEASE = "hook-after-release"


def switch(state: ApplicationState, number: int, port: int) -> Outcome:
    """New requests go to the new release from here on; without a web process `port` is 0. The old one still runs."""
    changed = state.live() != number or (port and state.upstream() != number)
    if changed:
        state.journal(number, "switch", "begun")
    if port:
        state.set_port(port)
        state.set_upstream(number)
    elif state.upstream():
        state.set_upstream(0)
    state.set_live(number)
    if changed:
        state.journal(number, "switch", "done")
    return Outcome(f"release {number} is live" if changed else "already live", bool(changed))


def settle(
    state: ApplicationState, number: int, port: int, drain_seconds: float, keep: int, patience: float
) -> Outcome:
    """Old workers finish their job, old web drains and stops; then the ledger, and what is too old goes."""
    begun = state.begin(number, "settle")
    found = engine.containers(state.application)
    old = [container for container in found if container.release not in (0, number)]
    waiting = retire(state, old, port, drain_seconds, begun, patience)
    if waiting:
        return Outcome(f"waiting for {waiting} ({show_duration(time.time() - begun)})", changed=True, finished=False)
    _remove_one_offs([container for container in found if container.release == number])
    record = state.release(number) or {}
    changed = not any(line.get("release") == number and line.get("result") == "live" for line in state.ledger())
    if changed:
        line = {
            key: record.get(key)
            for key in ("kind", "of", "image", "tag", "commit", "config", "secrets", "by", "created", "previous")
        }
        started = float(record.get("started") or time.time())
        state.write_ledger(
            {"release": number, "result": "live", "at": now(), "seconds": round(time.time() - started, 1), **line}
        )
    state.journal(number, "settle", "done")
    removed = prune(state, number, keep)
    for old in state.release_numbers():
        if old != number:
            clean_folder(state, old)
    text = f"settled in {show_duration(time.time() - begun)}" + (f", pruned {', '.join(removed)}" if removed else "")
    return Outcome(text, changed or bool(removed))


def revert(
    state: ApplicationState, number: int, port: int, drain_seconds: float, reason: str, patience: float
) -> Outcome:
    """Back to the release that served before; the new one's containers, secrets and folder go. Does nothing twice.

    A full disk does not stop it: requests go back by a rename, and what is written comes after what frees space.
    """
    record = state.release(number)
    if record is None:
        _discard_containers(state, number)
        state.remove_release(number)
        return Outcome("nothing to revert")
    previous = int(record.get("previous") or 0)
    if previous == number or state.stands(number):
        return Outcome(f"release {number} was live before and stays")
    begun = _begin_revert(state, number)
    if state.upstream() == number or state.live() == number:
        has_web = previous and any(
            c.process == "web" for c in engine.containers(state.application, f"slipway.release={previous}")
        )
        if has_web:
            state.set_port(state.port(previous, port))
        state.set_upstream(previous if has_web else 0)
        state.set_live(previous)
    fresh = engine.containers(state.application, f"slipway.release={number}")
    _wake(state, previous)
    waiting = retire(state, fresh, port, drain_seconds, begun, patience)
    if waiting:
        return Outcome(f"back to release {previous}; waiting for {waiting}", changed=True, finished=False)
    state.remove_secrets(number)
    line = {key: record.get(key) for key in ("kind", "of", "image", "tag", "commit", "by", "created", "previous")}
    state.write_ledger({"release": number, "result": "failed", "at": now(), "reason": reason, **line})
    state.remove_release(number)
    what = f"release {previous} serves" if previous else "nothing served before"
    return Outcome(f"release {number} taken back: {what}", changed=True)


def _begin_revert(state: ApplicationState, number: int) -> float:
    try:
        return state.begin(number, "revert")
    except OSError:
        return time.time()


def _wake(state: ApplicationState, previous: int) -> None:
    """Starts what the settle of the failed release has already stopped of the old one, and lets it be told to stop
    again later.
    """
    asleep = (
        [
            c.id
            for c in engine.containers(state.application, f"slipway.release={previous}")
            if not c.running and not is_one_off(c.process)
        ]
        if previous
        else []
    )
    if asleep:
        engine.docker("start", *asleep)


def _discard_containers(state: ApplicationState, number: int) -> None:
    ids = [container.id for container in engine.containers(state.application, f"slipway.release={number}")]
    if ids:
        engine.docker("rm", "--force", *ids)


def _remove_one_offs(found: list[Container]) -> None:
    ids = [c.id for c in found if is_one_off(c.process) and not c.running and c.process != AFTER_RELEASE]
    if ids:
        engine.docker("rm", *ids, check=False)


def retire(
    state: ApplicationState, old: list[Container], port: int, drain_seconds: float, begun: float, patience: float
) -> str:
    """Stops and removes containers: web ones when drained, others at once, each within its stop_grace_period.

    Returns what is still waited for after `patience` seconds, '' when all are gone. The stop signal is sent once only:
    a second one makes RQ and others drop the job that they are to finish (RQ's documentation, "Taking down workers").
    """
    told_file = state.folder / "stopping.json"
    told: dict[str, Any] = (read_json(told_file) or {}).get("containers", {})
    end = time.monotonic() + patience
    while True:
        old = engine.inspect_containers([container.id for container in old])
        gone = [container.id for container in old if not container.running]
        if gone:
            engine.docker("rm", "--force", *gone, check=False)
        old = [container for container in old if container.running]
        if not old:
            told_file.unlink(missing_ok=True)
            return ""
        for container in old:
            _tell(container, told, state.port(container.release, port), drain_seconds, begun)
        # A full disk cannot remember whom it told; the way back from it goes on all the same.
        with suppress(OSError):
            write_json(told_file, {"containers": told})
        if time.monotonic() >= end:
            return _waited_for(old, told, {c.id: state.port(c.release, port) for c in old})
        time.sleep(0.1)


def _tell(container: Container, told: dict[str, Any], port: int, drain_seconds: float, begun: float) -> None:
    """Sends the stop signal when it is time, and SIGKILL when the container's grace period is over."""
    before = told.get(container.id)
    if before and before["started"] == container.started:
        if time.time() - before["at"] > container.stop_seconds:
            engine.docker("kill", container.id, check=False)
        return
    waited = time.time() - begun
    if container.process == "web" and waited < drain_seconds and established_connections(container.pid, port):
        return
    told[container.id] = {"name": container.name, "started": container.started, "at": time.time()}
    # The image's own stop signal, so that `unless-stopped` knows that the container was meant to stop.
    engine.docker("kill", f"--signal={container.stop_signal}", container.id, check=False)


def _waited_for(old: list[Container], told: dict[str, Any], ports: dict[str, int]) -> str:
    parts = []
    for container in old:
        if container.id in told:
            left = container.stop_seconds - (time.time() - told[container.id]["at"])
            parts.append(f"{container.name} to finish its work (at most {show_duration(max(left, 0))} more)")
        else:
            parts.append(
                f"{container.name} to answer {established_connections(container.pid, ports[container.id])} requests"
            )
    return ", ".join(parts)
