"""The docker command line on a server, as Slipway uses it: its JSON output, never its prose."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problem import OperationError

COMMAND_SECONDS = 600
# An engine that is restarted, or has crashed and is started again by systemd, is back after so long.
AWAY_SECONDS = 20
OTHER_PLATFORM = "take one for this host (one of yours is built for it with `build: {platform: …}` in its file)"
WRONG_FORMAT = "exec format error"
# After these the command may be given again: it never reached the engine, or runc lost the process that it had made
# for a container (seen under load), which starts at the next try.
PASSING = ("cannot connect to the docker daemon", "read init-p: connection reset by peer")


@dataclass(frozen=True)
class Container:
    """A container as `docker inspect` tells it.

    `health` is '' where there is no health check; times are Docker's RFC 3339 text.
    """

    id: str
    name: str
    process: str
    service: str
    release: int
    image: str
    status: str
    health: str
    exit_code: int
    restarts: int
    pid: int
    started: str
    stop_signal: str
    stop_seconds: int
    addresses: dict[str, str]
    config: str

    @property
    def running(self) -> bool:
        return self.status == "running"


def run(
    arguments: Sequence[str], folder: Path | None = None, check: bool = True, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command. Raises OperationError with its last lines when `check` and it fails."""
    try:
        result = subprocess.run(
            list(arguments),
            cwd=folder,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise OperationError(f"{arguments[0]} is not installed on this host") from None
    except subprocess.TimeoutExpired:
        raise OperationError(f"`{' '.join(arguments[:4])} …` did not end within {COMMAND_SECONDS} s") from None
    if check and result.returncode != 0:
        raise OperationError(explain(result.stderr or result.stdout, arguments), tail(result.stderr or result.stdout))
    return result


def tail(text: str, lines: int = 20) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])


def explain(text: str, arguments: Sequence[str]) -> str:
    """The cause of a docker failure in a sentence that says what to do, for the causes that users meet."""
    low = text.lower()
    last = (text.strip().splitlines() or ["no output"])[-1]
    if "no space left on device" in low:
        return (
            f"no space left on the disk of this host: {last}; free some (`docker system df` tells what holds it) and"
            " deploy again"
        )
    if "manifest unknown" in low or "not found: manifest" in low or ("manifest for" in low and "not found" in low):
        return (
            f"the registry does not have this image: {last}; "
            "build it (playbooks/build.yml), or name another with -e tag="
        )
    if "no matching manifest for" in low:
        return f"the registry has this image for other kinds of machines only: {last}; {OTHER_PLATFORM}"
    if "pull access denied" in low:
        return (
            f"the registry has no such image, or shows it to other users only: {last}; check its name, "
            "registry_username and registry_password"
        )
    if "certificate" in low or "x509" in low:
        return f"the registry's certificate is not trusted by this host: {last}; see docker_registry_certificates"
    if "unauthorized" in low or "authentication required" in low or "access denied" in low or "denied:" in low:
        return f"the registry refused the login: {last}; check registry_username and registry_password"
    if any(
        sign in low
        for sign in (
            "connection refused",
            "no such host",
            "i/o timeout",
            "no route to host",
            "server misbehaving",
            "tls handshake timeout",
        )
    ):
        return f"the registry cannot be reached from this host: {last}"
    if "cannot connect to the docker daemon" in low:
        return "the Docker engine does not answer on this host: `systemctl status docker` says why"
    return f"`{' '.join(arguments[:3])}` failed: {last}"


def docker(
    *arguments: str, check: bool = True, folder: Path | None = None, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    return _when_there(["docker", *arguments], folder, check, text)


def _when_there(
    arguments: Sequence[str], folder: Path | None, check: bool, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a docker command, again while it fails in a way that passes."""
    end = time.monotonic() + AWAY_SECONDS
    while True:
        result = run(arguments, folder=folder, check=False, text=text)
        passing = result.returncode != 0 and any(sign in result.stderr.lower() for sign in PASSING)
        if not passing or time.monotonic() >= end:
            break
        time.sleep(0.3)
    if check and result.returncode != 0:
        raise OperationError(explain(result.stderr or result.stdout, arguments), tail(result.stderr or result.stdout))
    return result


def compose(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """`docker compose` on the project that `folder`/compose.yaml defines."""
    options = ["--ansi", "never", "--progress", "plain", "--file", str(folder / "compose.yaml")]
    return _when_there(["docker", "compose", *options, *arguments], folder, check)


def containers(application: str, *filters: str) -> list[Container]:
    """All containers of an application that match the label filters, such as `slipway.release=12`, running or not."""
    labels = [f"--filter=label={label}" for label in (f"slipway.app={application}", *filters)]
    ids = docker("ps", "--all", "--quiet", "--no-trunc", *labels).stdout.split()
    return inspect_containers(ids)


def inspect_containers(ids: Sequence[str]) -> list[Container]:
    """The containers that still exist among `ids`."""
    if not ids:
        return []
    result = docker("container", "inspect", *ids, check=False)
    return [_container(data) for data in json.loads(result.stdout or "[]")]


def _container(data: dict[str, Any]) -> Container:
    config, state, labels = data["Config"], data["State"], data["Config"].get("Labels") or {}
    networks = (data.get("NetworkSettings") or {}).get("Networks") or {}
    return Container(
        id=data["Id"],
        name=data["Name"].lstrip("/"),
        process=labels.get("slipway.process", ""),
        service=labels.get("slipway.service", ""),
        release=int(labels.get("slipway.release") or 0),
        image=config["Image"],
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        exit_code=state.get("ExitCode", 0),
        restarts=data.get("RestartCount", 0),
        pid=state.get("Pid", 0),
        started=state.get("StartedAt", ""),
        stop_signal=config.get("StopSignal") or "SIGTERM",
        stop_seconds=10 if config.get("StopTimeout") is None else config["StopTimeout"],
        addresses={name: network.get("IPAddress", "") for name, network in networks.items()},
        config=labels.get("slipway.config", ""),
    )


def logs(container: Container, lines: int = 20) -> str:
    result = docker("logs", "--tail", str(lines), container.id, check=False)
    return tail(result.stdout + result.stderr, lines)


def wrong_format(container: Container, log: str) -> str:
    """What to add to the news that a container has ended: whether its program cannot run on this kind of machine."""
    if WRONG_FORMAT not in log.lower():
        return ""
    image = docker("image", "inspect", "--format", "{{.Architecture}}", container.image, check=False).stdout.strip()
    host = docker("version", "--format", "{{.Server.Arch}}", check=False).stdout.strip()
    if image and host and image != host:
        return f": its image is for linux/{image}, and this host is linux/{host}; {OTHER_PLATFORM}"
    return ": what it starts is no program for this host, or a script without its first line (#!/bin/sh)"


def image_config(reference: str) -> dict[str, Any] | None:
    """An image's `Config` with its `Id` added, None when the host does not have it."""
    result = docker("image", "inspect", reference, check=False)
    if result.returncode != 0:
        return None
    data = json.loads(result.stdout)[0]
    return {**(data.get("Config") or {}), "Id": data["Id"]}


def ensure_network(name: str, application: str) -> bool:
    """Makes the application's network; returns whether it was missing."""
    if docker("network", "inspect", name, check=False).returncode == 0:
        return False
    docker("network", "create", f"--label=slipway.app={application}", name)
    return True


def ensure_volumes(names: Sequence[str], application: str) -> list[str]:
    """Makes the missing ones of the named volumes and returns their names. No volume is ever removed here."""
    if not names:
        return []
    present = set(docker("volume", "ls", "--quiet").stdout.split())
    missing = [name for name in names if name not in present]
    for name in missing:
        docker("volume", "create", f"--label=slipway.app={application}", name)
    return missing
