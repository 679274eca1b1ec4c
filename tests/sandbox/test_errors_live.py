"""Errors of a deploy onto a server where a release is live: it serves on, and a deploy after the repair succeeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import names
from tests.sandbox import beacon
from tests.sandbox.playbook import Outcome
from tests.sandbox.project import Project
from tests.sandbox.server import Server

pytestmark = [pytest.mark.errors, pytest.mark.servers("vps-3")]

NEVER_TRUE = {"test": ["CMD", "false"], "interval": "1s", "timeout": "1s", "retries": 2, "start_period": "0s"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, vps_3: Server) -> Project:
    """Beacon is live on vps-3, in its edition `good`."""
    made = beacon.add_to(
        Project(tmp_path_factory.mktemp("errors-live"), app=["vps-3"]),
        environment={"VERSION": "good"},
        health_timeout="6s",
    )
    # What an interrupted run of these tests has left goes, too.
    made.deploy("-e", "remove=cache").succeeded()
    return made


@pytest.fixture
def good(site: Project, vps_3: Server) -> Iterator[Server]:
    """The server before a mistake; afterwards the old release still serves, and a repaired deploy finds its way."""
    before = site.path("beacon").read_text()
    live = vps_3.live("beacon")
    assert live and beacon.version(vps_3) == "good"
    yield vps_3
    site.path("beacon").write_text(before)
    beacon.expect_old_release(vps_3, live, "good")
    site.deploy().succeeded().line_with("vps-3", "nothing to do")


def expect_log_lines(outcome: Outcome, *words: str) -> None:
    """The last lines of the failed container's log are shown, set apart."""
    shown = "\n".join(line for line in outcome.lines if line.startswith("|"))
    assert all(word in shown for word in words), outcome


def test_tag_that_is_not_in_the_registry(site: Project, good: Server) -> None:
    outcome = site.deploy("-e", "tag=no-such-tag").failed()
    outcome.says("the registry does not have", "acme/beacon-of-errors:no-such-tag", "build.yml", "-e tag=")


def test_image_that_is_not_in_the_registry(site: Project, good: Server) -> None:
    site.change("beacon", image="{{ registry_server }}/acme/never-built")
    site.deploy().failed("the registry does not have", "acme/never-built:latest", "build.yml")


def test_registry_is_away(site: Project, good: Server) -> None:
    with good.cut_off(names.REGISTRY_ADDRESS):
        site.change("beacon", environment={"VERSION": "next"})
        site.deploy().failed().line_with("vps-3", "registry cannot be reached")


def test_registry_refuses_a_new_password(site: Project, good: Server) -> None:
    stored = good.run("cat /root/.docker/config.json")
    settings = site.inventory / "group_vars/all/test.yml"
    site.settings(registry_password="not-the-right-one")
    try:
        site.deploy().failed().line_with("registry.sandbox", "wrong user name or password", "registry_password")
    finally:
        settings.unlink()
    assert good.run("cat /root/.docker/config.json") == stored


def test_container_exits_at_once(site: Project, good: Server) -> None:
    site.change("beacon", environment={"VERSION": "next", "FAULT": "exit"})
    outcome = site.deploy().failed()
    outcome.line_with("vps-3: start failed", "web-1 exited with code 3")
    expect_log_lines(outcome, "this version is made to")


def test_service_never_becomes_healthy(site: Project, good: Server) -> None:
    site.change("beacon", environment={"VERSION": "next", "FAULT": "never-healthy"})
    outcome = site.deploy().failed()
    outcome.line_with("vps-3: start failed", "still answers 503 on /health after 6 s")
    outcome.line_with("was taken back")
    expect_log_lines(outcome, "listens on port 8000")


def test_nothing_listens_on_the_port(site: Project, good: Server) -> None:
    site.change("beacon", environment={"VERSION": "next", "FAULT": "deaf"})
    site.deploy().failed().line_with("vps-3: start failed", "nothing listens on port 8000", "`port:`")


def test_health_path_that_is_none(site: Project, good: Server) -> None:
    site.change("beacon", environment={"VERSION": "next"}, health="/healthy")
    site.deploy().failed().line_with("vps-3: start failed", "answers 404", "/healthy", "`health:`")


def test_migration_fails(site: Project, good: Server) -> None:
    command = ["python", "-c", "raise SystemExit('no such column: posts.flag')"]
    site.change("beacon", environment={"VERSION": "next"}, migrate={"entrypoint": command[:1], "command": command[1:]})
    outcome = site.deploy().failed()
    outcome.line_with("vps-3: migrate failed", "exit code 1")
    outcome.line_with("revert", "taken back", "serves")
    expect_log_lines(outcome, "no such column: posts.flag")


def test_command_that_the_image_does_not_have(site: Project, good: Server) -> None:
    processes = {"web": {"entrypoint": ["/no/such/program"]}}
    site.change("beacon", environment={"VERSION": "next"}, processes=processes)
    site.deploy().failed("/no/such/program")


def test_release_after_a_failed_one(site: Project, vps_3: Server) -> None:
    """A repaired version goes live under the next number; the ledger tells both."""
    live = vps_3.live("beacon")
    site.change("beacon", environment={"VERSION": "better", "FAULT": "exit"})
    site.deploy().failed()
    site.change("beacon", environment={"FAULT": None})
    site.deploy().succeeded().says("is live")
    assert beacon.version(vps_3) == "better"
    assert vps_3.live("beacon") > live
    assert [line["result"] for line in vps_3.ledger("beacon")[-2:]] == ["failed", "live"]
    site.change("beacon", environment={"VERSION": "good"})
    site.deploy().succeeded()


class TestDataService:
    """A data service that cannot come up stops the deploy before the release."""

    @pytest.fixture
    def repaired(self, site: Project, vps_3: Server) -> Iterator[Server]:
        before = site.path("beacon").read_text()
        live = vps_3.live("beacon")
        yield vps_3
        site.path("beacon").write_text(before)
        beacon.expect_old_release(vps_3, live, "good")
        site.deploy("-e", "remove=cache").succeeded()
        assert "beacon-services-cache-1" not in vps_3.names("beacon")

    def test_never_becomes_healthy(self, site: Project, repaired: Server) -> None:
        site.change("beacon", services={"cache": {"preset": "redis", "healthcheck": NEVER_TRUE}})
        outcome = site.deploy().failed()
        outcome.line_with("vps-3", "the data service cache is not healthy")
        expect_log_lines(outcome, "Ready to accept connections")
        site.change("beacon", services={"cache": {"healthcheck": None}})
        # One that runs, though not well, is not replaced unasked either.
        site.deploy().failed().line_with("would be restarted: cache", "-e restart=cache")
        site.deploy("-e", "restart=cache").succeeded()
        assert repaired.run("docker exec beacon-services-cache-1 redis-cli ping") == "PONG"

    def test_removal_needs_consent_and_leaves_the_volume(self, site: Project, repaired: Server) -> None:
        site.change("beacon", services={"cache": {"preset": "redis"}})
        site.deploy().succeeded()
        site.change("beacon", services=None)
        site.deploy().failed().line_with("would be removed: cache", "Its data stays", "-e remove=cache")
        assert "beacon-services-cache-1" in repaired.names("beacon")
        site.deploy("-e", "remove=cache").succeeded()
        assert "beacon-services-cache-1" not in repaired.names("beacon")
        assert repaired.run("docker volume ls --quiet --filter name=^beacon-cache")
        site.deploy().succeeded().line_with("vps-3", "nothing to do")

    def test_exits_at_once(self, site: Project, repaired: Server) -> None:
        site.change("beacon", services={"cache": {"preset": "redis", "command": ["redis-server", "--no-such-option"]}})
        outcome = site.deploy().failed()
        outcome.line_with("vps-3", "the data service cache exited with code 1")
        expect_log_lines(outcome, "no-such-option")

    def test_image_that_is_nowhere(self, site: Project, repaired: Server) -> None:
        site.change("beacon", services={"cache": {"image": "registry.sandbox/acme/no-such-cache:1"}})
        site.deploy().failed("does not have this image", "acme/no-such-cache:1")
