"""From bare Ubuntu servers to a guest book with MySQL behind it: hardened, verified, and there after a reboot."""

from __future__ import annotations

import time

import pytest
import requests

from tests.hardening.hardened import PUBLISHED, expect_hardened
from tests.hardening.outside import Outside
from tests.releases.fleet import Fleet, Host
from tests.sandbox import visitor
from tests.sandbox.playbook import Outcome

DOMAIN = "guestbook.localhost"
RELEASES = ("24.04", "22.04")
ENTRY = "written with öl and 🦆"
WAIT_SECONDS = 60


def sign(host: Host) -> None:
    visitor.page(host, DOMAIN, method="POST", data={"text": ENTRY}).raise_for_status()


def wait_for(host: Host, text: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    shown = ""
    while text not in shown:
        assert time.monotonic() < deadline, f"{host.name}: {text!r} is not there after {WAIT_SECONDS} s: {shown}"
        time.sleep(0.3)
        try:
            shown = visitor.page(host, DOMAIN).text
        except requests.RequestException as error:
            shown = str(error)


@pytest.fixture(scope="module")
def deployed(fleet: Fleet) -> Outcome:
    assert [host.inside(". /etc/os-release && echo $ID $VERSION_ID") for host in fleet.hosts_of_app] == [
        f"ubuntu {release}" for release in RELEASES
    ]
    outcome = fleet.deploy().succeeded()
    for host in fleet.hosts_of_app:
        host.inside(PUBLISHED)
    return outcome


def test_deploy_ends_with_the_release_live(deployed: Outcome, fleet: Fleet) -> None:
    deployed.line_with("Release 1 is live")
    fleet.expect_clean("guestbook")


def test_docker_is_docker_s_own_for_this_ubuntu(deployed: Outcome, fleet: Fleet) -> None:
    versions = [host.inside("dpkg-query --show --showformat '${Version}' docker-ce") for host in fleet.hosts_of_app]
    assert [version.partition("~")[2] for version in versions] == ["ubuntu.24.04~noble", "ubuntu.22.04~jammy"]


def test_second_run_has_nothing_to_do(deployed: Outcome, fleet: Fleet) -> None:
    outcome = fleet.deploy().succeeded()
    for host in fleet.hosts_of_app:
        outcome.line_with(host.name, "nothing to do")


def test_verified(deployed: Outcome, fleet: Fleet) -> None:
    fleet.start("verify").wait().succeeded().says("checks passed")


def test_hardened(deployed: Outcome, fleet: Fleet, outside: Outside) -> None:
    for host in fleet.hosts_of_app:
        expect_hardened(host, outside)


def test_an_entry_is_in_mysql_and_every_server_shows_it(deployed: Outcome, fleet: Fleet) -> None:
    version = fleet.first.inside("docker exec guestbook-services-database-1 mysqld --version")
    assert "Ver 8.4" in version, version
    sign(fleet.first)
    for host in fleet.hosts_of_app:
        wait_for(host, f"{ENTRY} (5 words)")


def test_the_entry_outlives_a_release(deployed: Outcome, fleet: Fleet) -> None:
    sign(fleet.first)
    fleet.change("guestbook", environment={"TITLE": "Another title"})
    fleet.deploy(*fleet.fast).succeeded().line_with("is live")
    for host in fleet.hosts_of_app:
        shown = visitor.page(host, DOMAIN).text
        assert "Another title" in shown and ENTRY in shown


def test_all_of_it_is_there_after_a_reboot(deployed: Outcome, fleet: Fleet, outside: Outside) -> None:
    sign(fleet.first)
    for host in fleet.hosts_of_app:
        host.reboot()
    for host in fleet.hosts_of_app:
        wait_for(host, ENTRY)
        expect_hardened(host, outside)
    fleet.deploy().succeeded().line_with("Nothing to do.")
