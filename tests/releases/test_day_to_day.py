"""Hooks, maintenance mode, status, and two applications on one host."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from typing import Any

import pytest

from tests.releases.fleet import Fleet
from tests.releases.load import Load
from tests.sandbox.project import merged

pytestmark = pytest.mark.one_host
NAMES = ("APP", "RELEASE", "KIND", "IMAGE", "COMMIT", "HOSTS", "BY", "SECONDS")


def hook(file: Path, name: str) -> dict[str, Any]:
    return {"command": ["sh", "-c", f"echo hook {name} >>{file}; env | grep ^SLIPWAY_ >>{file}"]}


def told(file: Path) -> dict[str, dict[str, str]]:
    """The environment that each hook had, by the hook's name."""
    found: dict[str, dict[str, str]] = {}
    for line in file.read_text().splitlines():
        if line.startswith("hook "):
            current = found.setdefault(line.removeprefix("hook "), {})
        else:
            name, _, value = line.partition("=")
            current[name.removeprefix("SLIPWAY_")] = value
    return found


def ask(fleet: Fleet, path: str = "/", host: str = "beacon.sandbox") -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(fleet.first.address, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read().decode()


def test_hooks_have_the_facts_of_the_release(beacon: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "hooks"
    hooks = {name: hook(file, name) for name in ("before_release", "after_release", "on_failure")}
    beacon.change("beacon", hooks=hooks)
    beacon.release("beacon", "hooked").succeeded()
    found, live = told(file), beacon.live("beacon")
    assert sorted(found) == ["after_release", "before_release"]
    for environment in found.values():
        assert set(NAMES) == set(environment)
        assert (environment["APP"], environment["RELEASE"], environment["KIND"]) == ("beacon", str(live), "deploy")
        assert environment["HOSTS"] == beacon.first.name
        assert environment["IMAGE"].startswith("registry.sandbox/acme/beacon@sha256:")
        assert "@" in environment["BY"]
    assert float(found["after_release"]["SECONDS"]) > float(found["before_release"]["SECONDS"]) >= 0
    file.unlink()
    beacon.change("beacon", environment={"FAULT": "exit"})
    beacon.deploy(*beacon.fast).failed("exited with code 3")
    found = told(file)
    assert sorted(found) == ["before_release", "on_failure"]
    assert "exited with code 3" in found["on_failure"]["FAILURE"]
    beacon.expect_clean("beacon")


def test_hooks_in_the_new_image(beacon: Fleet) -> None:
    """They have the new image and its settings; nothing of them is left behind."""
    script = "import os; assert os.environ['SLIPWAY_RELEASE'] and os.environ['VERSION'] == 'inside', dict(os.environ)"
    hooks = {
        name: {"container": ["python", "-c", script]} for name in ("before_release", "after_release", "on_failure")
    }
    beacon.change("beacon", hooks=hooks)
    outcome = beacon.release("beacon", "inside").succeeded()
    assert "hook before_release" in outcome.output and "hook after_release" in outcome.output
    beacon.expect_clean("beacon")
    assert not [name for name in beacon.first.names("beacon") if "hook" in name]


def test_a_failing_hook_after_the_release_does_not_take_it_back(beacon: Fleet) -> None:
    beacon.change("beacon", hooks={"after_release": {"command": ["false"]}})
    live = beacon.live("beacon")
    beacon.release("beacon", "stands").failed("hook after_release failed", "false ended with exit code 1")
    assert beacon.live("beacon") == live + 1
    beacon.expect_clean("beacon")


def test_maintenance_mode_is_on_at_once_and_off_at_once(beacon: Fleet) -> None:
    page = beacon.inventory / "apps/beacon.maintenance.html"
    page.write_text("<h1>Back at noon</h1>")
    beacon.start("maintenance", "-e", "state=on").wait().succeeded()
    status, headers, body = ask(beacon)
    assert status == 503 and int(headers["Retry-After"]) > 0 and "Back at noon" in body
    assert "maintenance mode is on" in beacon.start("status").wait().succeeded().output
    beacon.start("maintenance", "-e", "state=off").wait().succeeded()
    assert ask(beacon)[0] == 200
    beacon.start("maintenance", "-e", "state=perhaps").wait().failed("-e state: found perhaps; expected on or off")


def test_status_tells_what_is_live(beacon: Fleet) -> None:
    beacon.release("beacon", "told").succeeded()
    live = beacon.live("beacon")
    outcome = beacon.start("status").wait().succeeded()
    outcome.line_with(f"release {live} is live since", ", by ")
    outcome.says("image registry.sandbox/acme/beacon@sha256:", "web of release", f"release {live} live in")


def test_two_applications_are_deployed_at_the_same_time(beacon: Fleet) -> None:
    """Each with its own domain, network, ledger and lock; neither meets the other."""
    other = merged(beacon.read("beacon"), {"domains": ["lantern.sandbox"], "environment": {"VERSION": "lantern-1"}})
    beacon.write("lantern", other)
    beacon.deploy(*beacon.fast, "-e", "app=lantern").succeeded()
    host = beacon.first
    with (
        Load(beacon.folder / "one", [host.address], "beacon.sandbox", readers=4, waiters=1, uploaders=1) as one,
        Load(beacon.folder / "two", [host.address], "lantern.sandbox", readers=4, waiters=1, uploaders=1) as two,
    ):
        stamp = time.time_ns()
        beacon.change("beacon", environment={"VERSION": f"beacon-{stamp}"})
        beacon.change("lantern", environment={"VERSION": f"lantern-{stamp}"})
        runs = [beacon.start("deploy", *beacon.fast, "-e", f"app={name}") for name in ("beacon", "lantern")]
        for run in runs:
            run.wait().succeeded()
        one.wait_for(20)
        two.wait_for(20)
    assert one.report.expect_no_failure().versions() == {"good", f"beacon-{stamp}"}
    assert two.report.expect_no_failure().versions() == {"lantern-1", f"lantern-{stamp}"}
    for name in ("beacon", "lantern"):
        host.expect_nothing_half_done(name)
    networks = {
        name: host.inside(f"docker network inspect {name} --format '{{{{.Id}}}}'") for name in ("beacon", "lantern")
    }
    assert len(set(networks.values())) == 2
    beacon.path("lantern").unlink()


def test_a_domain_of_another_application_is_refused(beacon: Fleet) -> None:
    beacon.write("usurper", beacon.read("beacon"))
    try:
        beacon.deploy(*beacon.fast, "-e", "app=usurper").failed("beacon.sandbox", "beacon")
    finally:
        beacon.path("usurper").unlink()
        beacon.first.inside("docker network rm usurper 2>/dev/null; rm -rf /var/lib/slipway/usurper; true")
