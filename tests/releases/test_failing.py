"""Releases that fail, each for its own reason, under load.

The old one serves on, the message names the cause in one line, nothing is left behind, the next good deploy succeeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import names
from tests.releases import images
from tests.releases.fleet import STATE, Fleet, Host
from tests.releases.load import Load
from tests.sandbox.playbook import Outcome

pytestmark = pytest.mark.one_host

PYTHON = ["python", "-I", "-S", "-c"]
ASK_QUEUE = "import socket; socket.create_connection(('queue', 6379), 3); print('the queue answers')"
RELEASES = f"{STATE}/beacon/releases"
NO_REGISTRY = f"iptables -I OUTPUT -d {names.REGISTRY_ADDRESS} -j REJECT"


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
        ("migrate failed: it did not end within 3 s",),
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
    "migration-fails": "no such table",
    "hook-fails": "not today",
    "database-goes-away": "Name or service not known",
}


@pytest.fixture(scope="module")
def traffic(servers: list[str], pushed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """One load for all cases; each looks at its own span of time."""
    fleet = Fleet(servers[:1])
    fleet.add("beacon", **GOOD)
    fleet.deploy(*fleet.fast).succeeded()
    with Load(tmp_path_factory.mktemp("load"), [fleet.first.address], "beacon.sandbox", readers=8) as load:
        yield load


def resolved(value: Any, host: Host) -> Any:
    """The case's values with the server's container in the place of SERVER."""
    if isinstance(value, dict):
        return {key: resolved(item, host) for key, item in value.items()}
    return [host.what.container if item == "SERVER" else item for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", CASES)
def test_the_old_release_serves_on(name: str, traffic: Load, one: Fleet) -> None:
    case, host = CASES[name], one.first
    one.add("beacon", **GOOD)
    live, images_before = (
        one.live("beacon"),
        host.inside("docker images --quiet --filter reference='*/*/beacon' | sort -u"),
    )
    begun = time.time()
    one.change("beacon", environment={"VERSION": f"bad-{name}"})
    one.change("beacon", **resolved(case.changes, host))
    try:
        if case.prepare:
            case.prepare(one)
        outcome = one.deploy(*([] if case.verify else one.fast)).failed(*case.message)
    finally:
        if case.undo:
            case.undo(host)
    traffic.wait_for(30)
    expect_one_line(outcome, case, LOGS.get(name, ""))
    report = traffic.report.between(begun, time.time()).expect_no_failure()
    # Verification looks at the live new release, so only there it may have answered.
    assert case.verify or report.versions() == {"good"}, report.versions()
    assert one.live("beacon") == live
    assert host.upstream("beacon") == f"beacon-r{live}-web"
    one.expect_clean("beacon")
    expect_told(host, live, case)
    expect_good_deploy(one, images_before)


def expect_one_line(outcome: Outcome, case: Case, log: str) -> None:
    """One line has all of the cause, and the last but one says it again; the log lines are the container's own."""
    lines = [line for line in outcome.lines if all(words in line for words in case.message)]
    own = [line for line in lines if "Cause:" not in line]
    # What verification found is told check by check, below the failure and below the cause.
    assert len(own) == 1 + case.verify, outcome
    assert case.before_lock or case.verify or "was taken back. Cause:" in lines[-1], outcome
    assert log in outcome.output


def expect_told(host: Host, live: int, case: Case) -> None:
    """The ledger has the failed release and why it failed; one that was never begun is not in it."""
    last = host.ledger("beacon")[-1]
    if last["release"] > live:
        assert last["result"] == "failed" and last["reason"], last


def expect_good_deploy(fleet: Fleet, images_before: str) -> None:
    data = fleet.read("beacon")
    for key in ("hooks", "migrate"):
        data.pop(key, None)
    data |= {"port": 8000, "tag": "v1", "environment": {"VERSION": "good"}}
    fleet.write("beacon", data)
    for test in Path(fleet.inventory / "tests").glob("test_*.py"):
        test.unlink()
    fleet.change("beacon", environment={"AFTER": f"{time.time_ns()}"})
    fleet.deploy(*fleet.fast).succeeded()
    fleet.expect_clean("beacon")
    # Images of releases that failed go with the next one that succeeds.
    assert fleet.first.inside("docker images --quiet --filter reference='*/*/beacon' | sort -u") == images_before
