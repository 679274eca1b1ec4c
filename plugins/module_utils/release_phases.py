"""The phases of a release that come before the switch, on one host: pull, migrate, start.

Each may be called again at any time.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from . import docker_engine as engine
from .application import MIGRATE
from .duration import show_duration
from .files import write_atomically, write_json
from .host_state import ApplicationState, now
from .image_pull import forget_pull, pull_image
from .problem import OperationError
from .readiness import PROVEN_WORKER_SECONDS, WORKER_SECONDS, HealthCheck, Readiness
from .release_project import WRAPPER, is_one_off, number_project


@dataclass(frozen=True)
class Outcome:
    """What a phase has come to.

    `finished` False: call it again; `message` is for the person at the terminal either way.
    """

    message: str
    changed: bool = False
    finished: bool = True
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReleaseRequest:
    """What is to become live.

    `image` is name@digest; `compose` a rendered project without number; `one_offs` the migration and the hooks that
    run on this very host.
    """

    number: int
    image: str
    compose: dict[str, Any]
    secrets: dict[str, str]
    record: dict[str, Any]
    facts: dict[str, str] = field(default_factory=dict)
    one_offs: tuple[str, ...] = ()


def pull(state: ApplicationState, request: ReleaseRequest, patience: float) -> Outcome:
    """Writes the release's folder, pulls the image by digest, creates the containers without starting them."""
    begun = state.begin(request.number, "pull")
    folder = state.release_folder(request.number)
    config = engine.image_config(request.image)
    if config is None:
        progress = pull_image(folder, request.image, begun, patience)
        if progress:
            return Outcome(progress, changed=True, finished=False)
        config = engine.image_config(request.image)
        if config is None:
            raise OperationError(f"{request.image} was pulled and is not there; deploy again")
    _write_release(state, request, config)
    engine.ensure_volumes(
        [volume["name"] for volume in (request.compose.get("volumes") or {}).values()], state.application
    )
    _create_containers(state, request)
    labels = config.get("Labels") or {}
    state.journal(request.number, "pull", "done")
    commit = labels.get("org.opencontainers.image.revision", "")
    return Outcome(
        f"image there, containers created in {show_duration(time.time() - begun)}", True, facts={"commit": commit}
    )


def _create_containers(state: ApplicationState, request: ReleaseRequest) -> None:
    """Creates those that are missing, by Compose's own count; one that is there, and may be live, stays as it is."""
    wanted = [name for name in request.compose["services"] if not is_one_off(name) or name in request.one_offs]
    engine.compose(
        state.release_folder(request.number),
        *("--profile", "*", "create", "--no-build", "--pull", "never", "--no-recreate", *wanted),
    )


def _write_release(state: ApplicationState, request: ReleaseRequest, config: dict[str, Any]) -> None:
    folder = state.release_folder(request.number)
    folder.mkdir(parents=True, exist_ok=True)
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    secrets.chmod(0o700)
    for name, value in request.secrets.items():
        # Readable inside the container for its own user; outside, the folder is root's alone.
        write_atomically(secrets / name, value, 0o444)
    write_atomically(folder / "environment.sh", WRAPPER, 0o755)
    project = number_project(request.compose, request.number, request.image, config, request.facts)
    write_atomically(folder / "compose.yaml", json.dumps(project, indent=2, ensure_ascii=False) + "\n", 0o600)
    write_json(folder / "rendered.json", {"compose": request.compose})
    old = state.release(request.number) or {}
    revision = (config.get("Labels") or {}).get("org.opencontainers.image.revision", "")
    record = {
        "created": now(),
        "previous": state.live(),
        **request.record,
        "commit": request.record.get("commit") or revision,
    }
    kept = {key: old[key] for key in ("created", "previous", "migrated") if key in old}
    state.write_release(request.number, {**record, **kept})


def migrate(state: ApplicationState, number: int, seconds: float, patience: float) -> Outcome:
    """Runs the migration, once: after a crash the next run finds it done, or still at work."""
    record = state.release(number) or {}
    if record.get("migrated"):
        return Outcome("already done")
    others = [
        c for c in engine.containers(state.application, "slipway.process=migrate") if c.running and c.release != number
    ]
    if others and time.time() - state.begin(number, "migrate") < seconds:
        time.sleep(min(patience, 1.0))
        return Outcome(
            f"the migration of release {others[0].release}, which was cut off, still runs: waiting for it",
            finished=False,
        )
    outcome = run_to_end(state, number, "migrate", seconds, patience)
    if outcome.finished and outcome.changed:
        state.write_release(number, {**record, "migrated": True})
    return outcome


def run_to_end(state: ApplicationState, number: int, process: str, seconds: float, patience: float) -> Outcome:
    """Runs a one-off container of a release, detached, and waits for its end; its name finds it after a cut connection.

    Raises OperationError when it fails or takes longer than `seconds`.
    """
    found = engine.containers(state.application, f"slipway.release={number}", f"slipway.process={process}")
    if not found:
        return Outcome(f"no {process}")
    container = found[0]
    first = state.begun(number, process) is None
    begun = state.begin(number, process)
    # One that an earlier run started and a crash ended is run again; one that is still at work is waited for.
    if container.status == "created" or (first and not container.running and container.exit_code):
        engine.docker("start", container.id)
    end = time.monotonic() + patience
    while True:
        container = engine.inspect_containers([container.id])[0]
        if container.status in ("exited", "dead"):
            break
        waited = time.time() - begun
        if waited > seconds:
            engine.docker("kill", container.id, check=False)
            raise OperationError(
                f"it did not end within {show_duration(seconds)} (its `timeout`)", engine.logs(container)
            )
        if time.monotonic() >= end:
            return Outcome(f"{process} runs for {show_duration(waited)}", changed=True, finished=False)
        time.sleep(0.05)
    if container.exit_code != 0:
        log = engine.logs(container)
        why = engine.wrong_format(container, log)
        raise OperationError(f"it ended with exit code {container.exit_code}{why}", log)
    state.journal(number, process, "done")
    if process != MIGRATE:
        engine.docker("rm", container.id, check=False)
    return Outcome(f"{process} ended well after {show_duration(time.time() - begun)}", changed=True)


def start(state: ApplicationState, number: int, check: HealthCheck | None, patience: float) -> Outcome:
    """Starts the new processes beside the old ones and waits until all are ready."""
    found = [c for c in engine.containers(state.application, f"slipway.release={number}") if not is_one_off(c.process)]
    if not found:
        raise OperationError(f"release {number} has no container on this host: deploy again")
    line = state.begun(number, "start")
    asleep = [container for container in found if not container.running]
    if line is None:
        begun = state.begin(number, "start", restarts={container.id: container.restarts for container in found})
        restarts = {container.id: container.restarts for container in found}
    else:
        begun, restarts = float(line["time"]), line.get("restarts") or {}
        # What the first call started must not have ended since; what a crash had ended before that was started again.
        asleep = [container for container in asleep if container.status == "created"]
    if asleep:
        _start_containers(asleep)
    comes_back = (state.release(number) or {}).get("of")
    worker_seconds = PROVEN_WORKER_SECONDS if comes_back else WORKER_SECONDS
    waiting = Readiness(check, begun, restarts, worker_seconds).wait([container.id for container in found], patience)
    if waiting:
        message = f"waiting for {', '.join(waiting)} to become healthy ({show_duration(time.time() - begun)})"
        return Outcome(message, changed=True, finished=False)
    state.journal(number, "start", "done")
    kinds = sorted({container.process for container in found}, key=lambda name: (name != "web", name))
    count = ", ".join(f"{sum(c.process == kind for c in found)} {kind}" for kind in kinds)
    return Outcome(f"{count} healthy in {show_duration(time.time() - begun)}", changed=bool(asleep))


def _start_containers(asleep: list[engine.Container]) -> None:
    result = engine.docker("start", *[container.id for container in asleep], check=False)
    if result.returncode != 0:
        raise OperationError(
            engine.explain(result.stderr, ["docker", "start", asleep[0].name]), engine.tail(result.stderr, 5)
        )


def clean_folder(state: ApplicationState, number: int) -> None:
    """Removes what only a running release needs from the folder of one that has ended."""
    state.remove_secrets(number)
    forget_pull(state.release_folder(number))
