"""Releases that fail, each for its own reason: what makes them fail, and what a person is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox import names
from tests.releases import images
from tests.releases.fleet import STATE, Fleet, Host
from tests.releases.load import Load, Report
from tests.sandbox.playbook import Outcome

PYTHON = ["python", "-I", "-S", "-c"]
ASK_QUEUE = """
import socket, sys
try:
    socket.create_connection(("queue", 6379), 3)
except OSError as error:
    sys.exit(f"the queue: {error}")
"""
RELEASES = f"{STATE}/beacon/releases"
NO_REGISTRY = (
    f"iptables -I OUTPUT -d {names.REGISTRY_ADDRESS} -j REJECT"
    f" && ip6tables -I OUTPUT -d {names.ipv6(names.REGISTRY_ADDRESS)} -j REJECT"
)


@dataclass(frozen=True)
class Case:
    """`changes` make the application a bad one; `prepare` and `undo` do what cannot be said in its file.

    `message` are words of the one line that names the cause; `before_lock`: nothing at all was begun.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    message: tuple[str, ...] = ()
    prepare: Callable[[Fleet], None] | None = None
    undo: Callable[[Host], None] | None = None
    verify: bool = False
    before_lock: bool = False


def fault(name: str) -> dict[str, Any]:
    return {"environment": {"VERSION": f"bad-{name}", "FAULT": name}}


def on_host(command: str) -> list[str]:
    """A hook that works on the server from outside, at a moment between the plan and the pull."""
    return ["docker", "exec", "SERVER", "sh", "-c", command]


def write_user_test(fleet: Fleet) -> None:
    folder = fleet.inventory / "tests"
    folder.mkdir(exist_ok=True)
    (folder / "test_beacon.py").write_text(USER_TEST)


def unpulled_image(fleet: Fleet) -> None:
    tag = f"large-{time.time_ns()}"
    images.derive("beacon", "v1", tag, size=8 * 1024 * 1024)
    fleet.change("beacon", tag=tag)


def missing_tag(fleet: Fleet) -> None:
    fleet.change("beacon", tag="no-such-tag")


def block_registry(fleet: Fleet) -> None:
    unpulled_image(fleet)
    fleet.first.inside(NO_REGISTRY)


def registry_back(host: Host) -> None:
    host.inside(NO_REGISTRY.replace("-I", "-D"))


def small_disk(fleet: Fleet) -> None:
    """What the engine downloads goes through this folder; four megabytes are not enough for the image."""
    unpulled_image(fleet)
    fleet.first.inside("mount -t tmpfs -o size=4m tmpfs /var/lib/docker/tmp")


def full_state(fleet: Fleet) -> None:
    """A file system of its own below the application's state, which is full when the release begins."""
    fleet.first.inside(
        f"mkdir /run/kept && cp -a {RELEASES}/. /run/kept && mount -t tmpfs -o size=256k tmpfs {RELEASES}"
        f" && cp -a /run/kept/. {RELEASES} && (head -c 1m /dev/zero >{RELEASES}/.ballast || true)"
    )


def state_back(host: Host) -> None:
    host.inside(f"umount {RELEASES} && rm -r /run/kept")


USER_TEST = """
def test_the_home_page_tells_its_version(host):
    request = "Request('http://127.0.0.1', headers={'Host': 'beacon.sandbox'})"
    page = host.check_output("python3 -c %s", f"from urllib.request import *; print(urlopen({request}).read())")
    assert "version" in page, "the home page tells no version"
"""
GOOD = {
    "tag": "v1",
    "health_timeout": "5s",
    "environment": {"VERSION": "good"},
    "services": {"queue": {"preset": "redis"}},
}
CASES = {
    "exits": Case(fault("exit"), ("exited with code 3 right after its start",)),
    "other-machine": Case(
        {},
        ("its image is for linux/s390x, and this host is linux/", "build: {platform:"),
        prepare=lambda fleet: fleet.change("beacon", tag=images.for_another_machine("beacon")),
    ),
    "never-healthy": Case(fault("never-healthy"), ("still answers 503 on /health after 5 s",)),
    "health-404": Case(fault("health-404"), ("answers 404 (an error) on the health path /health",)),
    "health-redirect": Case(fault("health-redirect"), ("answers 302 (a redirect) on the health path /health",)),
    "health-hangs": Case(fault("health-hangs"), ("listens on port 8000 and gives no answer to GET /health",)),
    "deaf": Case(fault("deaf"), ("nothing listens on port 8000 of", "it listens on no port")),
    "other-port": Case({"port": 8001}, ("nothing listens on port 8001 of", "it listens on 8000", "check `port:`")),
    "wrong-page": Case(fault("wrong-page"), ("the home page tells no version",), prepare=write_user_test, verify=True),
    "migration-fails": Case(
        {"migrate": {"entrypoint": PYTHON, "command": ["raise SystemExit('no such table')"]}},
        ("migrate failed: it ended with exit code 1",),
    ),
    "migration-hangs": Case(
        {"migrate": {"entrypoint": PYTHON, "command": ["import time; time.sleep(600)"], "timeout": "3s"}},
        ("migrate failed: it did not end within 3",),
    ),
    "hook-fails": Case(
        {"hooks": {"before_release": {"command": ["sh", "-c", "echo not today; exit 7"]}}},
        ("hook before_release failed", "exit code 7"),
    ),
    "hook-in-image-fails": Case(
        {"hooks": {"before_release": {"container": ["python", "-c", "raise SystemExit(7)"]}}},
        ("hook before_release failed",),
    ),
    "no-such-tag": Case({}, ("the registry does not have", "no-such-tag"), prepare=missing_tag, before_lock=True),
    "registry-away": Case(
        {}, ("the registry cannot be reached",), prepare=block_registry, undo=registry_back, before_lock=True
    ),
    "registry-goes-away": Case(
        {"hooks": {"before_release": {"command": on_host(NO_REGISTRY)}}},
        ("pull failed: the registry cannot be reached",),
        prepare=unpulled_image,
        undo=registry_back,
    ),
    "disk-of-images-full": Case(
        {},
        ("pull failed: no space left on the disk of this host",),
        prepare=small_disk,
        undo=lambda host: host.inside("umount /var/lib/docker/tmp") and None,
    ),
    "disk-of-state-full": Case({}, ("pull failed: No space left on device",), prepare=full_state, undo=state_back),
    "database-goes-away": Case(
        {
            "migrate": {"entrypoint": PYTHON, "command": [ASK_QUEUE]},
            "hooks": {"before_release": {"command": on_host("docker stop beacon-services-queue-1")}},
        },
        ("migrate failed: it ended with exit code 1",),
    ),
}
# What also stands in the log lines below the message.
LOGS = {
    "exits": "this version is made to end at once",
    "other-machine": "exec format error",
    "migration-fails": "no such table",
    "hook-fails": "not today",
    "database-goes-away": "Name or service not known",
}


@dataclass(frozen=True)
class Attempt:
    """A release that was to fail: what the run said, the requests meanwhile, and what there was before it."""

    outcome: Outcome
    report: Report
    live: int
    images: str


def images_of(host: Host) -> str:
    return host.inside("docker images --quiet --filter reference='*/*/beacon' | sort -u")


def resolved(value: Any, host: Host) -> Any:
    """The case's values with the server's container in the place of SERVER."""
    if isinstance(value, dict):
        return {key: resolved(item, host) for key, item in value.items()}
    return [host.what.container if item == "SERVER" else item for item in value] if isinstance(value, list) else value


def attempt(name: str, traffic: Load, fleet: Fleet) -> Attempt:
    """Deploys the bad release over the good one, under load."""
    case, host = CASES[name], fleet.first
    fleet.add("beacon", **GOOD)
    live, images_before = fleet.live("beacon"), images_of(host)
    begun = time.time()
    fleet.change("beacon", environment={"VERSION": f"bad-{name}"})
    fleet.change("beacon", **resolved(case.changes, host))
    try:
        if case.prepare:
            case.prepare(fleet)
        outcome = fleet.deploy(*([] if case.verify else fleet.fast))
    finally:
        if case.undo:
            case.undo(host)
    traffic.wait_for(30)
    return Attempt(outcome, traffic.report.between(begun, time.time()), live, images_before)


def deploy_good_one(fleet: Fleet) -> Outcome:
    """What a person does next: the application's file as it was, with a change."""
    for test in (fleet.inventory / "tests").glob("test_*.py"):
        test.unlink()
    fleet.add("beacon", **GOOD)
    fleet.change("beacon", environment={"AFTER": f"{time.time_ns()}"})
    return fleet.deploy(*fleet.fast)
