"""Brings the data services of an application on a host to their wanted state, and waits until they are healthy."""

from __future__ import annotations

import json
import secrets as random
import time
from pathlib import Path
from typing import Any

from . import docker_engine as engine
from .duration import show_duration
from .files import write_atomically, write_json
from .host_state import ApplicationState
from .image_pull import forget_pull, pull_images
from .problem import OperationError
from .release_phases import Outcome

SERVICE_SECONDS = 240


def converge(
    state: ApplicationState,
    compose: dict[str, Any],
    secrets: dict[str, str],
    generated: list[str],
    network: str,
    seconds: float,
    patience: float,
) -> Outcome:
    """Network, volumes, secrets, containers, health.

    Raises OperationError with the last log lines of a service that fails.
    """
    folder = state.folder / "services"
    began_file = folder / "begun.json"
    state.folder.mkdir(parents=True, exist_ok=True)
    made = [f"network {network}"] if engine.ensure_network(network, state.application) else []
    made += [f"volume {name}" for name in engine.ensure_volumes(list(compose.get("volumes") or {}), state.application)]
    if not compose["services"]:
        made += [f"{name} removed" for name in _remove_all(state)]
        return Outcome(", ".join(made) or "unchanged", changed=bool(made))
    differed = _write(folder, compose, secrets, generated)
    progress = _pull(folder, compose, patience)
    if progress:
        return Outcome(progress, changed=True, finished=False)
    begun = _begin(began_file)
    if differed or _lacking(state.application, compose):
        result = engine.compose(
            folder, "up", "--detach", "--no-build", "--remove-orphans", "--pull", "never", check=False
        )
        if result.returncode != 0:
            began_file.unlink(missing_ok=True)
            raise OperationError(engine.explain(result.stderr, ["docker", "compose", "up"]), engine.tail(result.stderr))
        made.append("containers")
    waiting = _wait(state.application, seconds, begun, patience, began_file)
    if waiting:
        return Outcome(
            f"waiting for {', '.join(waiting)} to become healthy ({show_duration(time.time() - begun)})",
            True,
            finished=False,
        )
    began_file.unlink(missing_ok=True)
    names = ", ".join(compose["services"])
    return Outcome(f"{names} healthy after {show_duration(time.time() - begun)}", changed=bool(made) or differed)


def _remove_all(state: ApplicationState) -> list[str]:
    """Stops and removes the containers of services, none of which the inventory has any more; their names."""
    found = _service_containers(state.application)
    if found:
        ids = [container.id for container in found]
        engine.docker("stop", *ids)
        engine.docker("rm", *ids)
        for path in (state.folder / "services").glob("*.yaml"):
            path.unlink()
    return sorted({container.service for container in found})


def _pull(folder: Path, compose: dict[str, Any], patience: float) -> str:
    """Pulls the images that are missing, all at once; returns how far they are, '' when all are there."""
    begun_file = folder / "pulling.json"
    images = sorted({definition["image"] for definition in compose["services"].values()})
    missing = [image for image in images if engine.image_config(image) is None]
    if missing:
        progress = pull_images(folder, missing, _begin(begun_file), patience)
        if progress:
            return progress
    begun_file.unlink(missing_ok=True)
    forget_pull(folder)
    return ""


def _begin(path: Path) -> float:
    if path.exists():
        begun = float(json.loads(path.read_text(encoding="utf-8"))["time"])
        if time.time() - begun < 2 * SERVICE_SECONDS:
            return begun
    write_json(path, {"time": time.time()})
    return time.time()


def _write(folder: Path, compose: dict[str, Any], secrets: dict[str, str], generated: list[str]) -> bool:
    inner = folder / "secrets"
    inner.mkdir(parents=True, exist_ok=True)
    inner.chmod(0o700)
    changed = False
    for name, value in secrets.items():
        changed |= write_atomically(inner / name, value, 0o444)
    for name in generated:
        if not (inner / name).exists():
            changed |= write_atomically(inner / name, random.token_urlsafe(32), 0o444)
    return (
        write_atomically(folder / "compose.yaml", json.dumps(compose, indent=2, ensure_ascii=False) + "\n", 0o600)
        or changed
    )


def _service_containers(application: str) -> list[engine.Container]:
    return [container for container in engine.containers(application) if container.service]


def _lacking(application: str, compose: dict[str, Any]) -> bool:
    """Whether a container is missing, stopped, or made from another definition."""
    running = {c.config for c in _service_containers(application) if c.running}
    return any(definition["labels"]["slipway.config"] not in running for definition in compose["services"].values())


def _wait(application: str, seconds: float, begun: float, patience: float, began_file: Path) -> list[str]:
    end = time.monotonic() + patience
    while True:
        waiting = [c for c in _service_containers(application) if not (c.running and c.health in ("", "healthy"))]
        if not waiting:
            return []
        waited = time.time() - begun
        for container in waiting:
            failed = (
                container.health == "unhealthy"
                or container.restarts > 2
                or (container.status == "exited" and waited > 10)
            )
            if failed or waited > seconds:
                began_file.unlink(missing_ok=True)
                how = (
                    f"exited with code {container.exit_code}"
                    if container.status != "running" or container.restarts
                    else "is not healthy"
                )
                log = engine.logs(container)
                why = engine.wrong_format(container, log)
                raise OperationError(
                    f"the data service {container.service} {how} after {show_duration(waited)}{why}", log
                )
        if time.monotonic() >= end:
            return [container.service for container in waiting]
        time.sleep(0.2)
