"""Applications of other kinds than microblog, all of them on one server at once, each under its own domain."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox import images, visitor
from tests.sandbox.project import SECRETS, Project
from tests.sandbox.server import Server

pytestmark = [pytest.mark.applications, pytest.mark.servers("vps-3")]

NAMES = ("beacon", "clockwork", "guestbook", "notes")
GUESTBOOK, NOTES, BEACON, PLAIN = (f"{name}.localhost" for name in ("guestbook", "notes", "beacon", "plain"))
GREETING = "three happy words"
WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, vps_3: Server) -> Project:
    """One server with four applications that build.yml has built, and one whose image is Docker Hub's."""
    if vps_3.containers():
        vps_3.reset()
    made = Project(tmp_path_factory.mktemp("applications"), app=["vps-3"])
    for name in NAMES:
        made.add(name)
        made.build("-e", f"app={name}").succeeded()
    images.publish_on_hub(images.application("beacon"), "acme/plain:1", VERSION="plain")
    made.add("plain", "beacon", image="acme/plain:1", build=None, domains=["plain.sandbox", PLAIN])
    for name in (*NAMES, "plain"):
        made.deploy("-e", f"app={name}").succeeded().says("Release 1 is live")
    return made


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_SECONDS} s"
        time.sleep(0.3)


def test_each_answers_under_its_own_domain(site: Project, vps_3: Server) -> None:
    assert "Guest book: costs $5 &amp; 100% &#34;free&#34;" in visitor.page(vps_3, GUESTBOOK).text
    assert visitor.page(vps_3, NOTES).json()["notes"] == []
    assert "version" in visitor.page(vps_3, BEACON).json()
    assert visitor.page(vps_3, PLAIN).json()["version"] == "plain"
    stranger = visitor.page(vps_3, "nobody.localhost")
    assert (stranger.status_code, stranger.text) == (404, "No application answers at this address.\n")


@pytest.mark.parametrize("name", [*NAMES, "plain"])
def test_second_run_has_nothing_to_do(name: str, site: Project) -> None:
    site.deploy("-e", f"app={name}").succeeded().line_with("vps-3", "nothing to do")


@pytest.mark.parametrize("name", [*NAMES, "plain"])
def test_verified(name: str, site: Project) -> None:
    site.playbook("verify", "-e", f"app={name}").succeeded().says("checks passed")


class TestGuestbook:
    """An image that was there before, reads its environment alone and runs its migrations itself."""

    def test_entry_is_shown_and_counted_by_the_worker(self, site: Project, vps_3: Server) -> None:
        visitor.page(vps_3, GUESTBOOK, method="POST", data={"text": GREETING}, allow_redirects=False).raise_for_status()
        counted = f"{GREETING} (3 words)"
        wait_for(lambda: counted in visitor.page(vps_3, GUESTBOOK).text, "the entry's words are counted")

    def test_secrets_stand_in_no_inspect_and_no_process_list(self, site: Project, vps_3: Server) -> None:
        for name in vps_3.names("guestbook"):
            shown = json.dumps(vps_3.inspect(name))
            assert [value for value in SECRETS.values() if value in shown] == []
        assert SECRETS["vault_database_password"] not in vps_3.run("ps -eo args")

    def test_application_gets_its_secrets_as_environment(self, site: Project, vps_3: Server) -> None:
        shown = vps_3.run("docker exec guestbook-r1-web-1 cat /proc/1/environ | tr '\\0' '\\n'")
        assert f"APP_SECRET={SECRETS['vault_secret_key']}" in shown
        assert f"DB_PASSWORD={SECRETS['vault_database_password']}" in shown

    def test_data_outlives_a_release(self, site: Project, vps_3: Server) -> None:
        marker = f"entry before a release, {time.time_ns()}"
        visitor.page(vps_3, GUESTBOOK, method="POST", data={"text": marker}, allow_redirects=False).raise_for_status()
        site.change("guestbook", environment={"TITLE": "Another title"})
        site.deploy("-e", "app=guestbook").succeeded().says("is live")
        page = visitor.page(vps_3, GUESTBOOK).text
        assert "Another title" in page and marker in page


class TestNotes:
    """No service: SQLite on a volume that belongs to the application."""

    def test_note_outlives_a_release(self, site: Project, vps_3: Server) -> None:
        text = f"note {time.time_ns()}"
        assert visitor.page(vps_3, NOTES, method="POST", data={"text": text}).status_code == 201
        site.change("notes", environment={"EDITION": str(time.time_ns())})
        site.deploy("-e", "app=notes").succeeded().says("is live")
        assert text in [note["text"] for note in visitor.page(vps_3, NOTES).json()["notes"]]

    def test_there_is_no_data_service(self, site: Project, vps_3: Server) -> None:
        live = vps_3.live("notes")
        assert vps_3.names("notes") == [f"notes-r{live}-web-1"]


@pytest.fixture(scope="module")
def library(site: Project) -> Project:
    """PostgreSQL and an Elasticsearch of two nodes, the presets that no other application here has; a service without
    preset, which is given a secret.
    """
    credentials = {"database": "books", "user": "reader", "password": "{{ vault_database_password }}"}
    services = {"store": {"preset": "postgres", **credentials}, "finder": {"preset": "elasticsearch", "nodes": 2}}
    services["shelf"] = {"image": "caddy:2.11", "command": ["sleep", "infinity"], "init": True, "secrets": ["DOOR"]}
    secrets = {"DOOR": "{{ vault_secret_key }}"}
    site.add("library", "beacon", domains=["library.localhost"], services=services, secrets=secrets)
    site.deploy("-e", "app=library").succeeded().says("Release 1 is live")
    return site


class TestPresets:
    def test_two_nodes_form_one_cluster(self, library: Project, vps_3: Server) -> None:
        request = "import urllib.request as r; print(r.urlopen('http://finder:9200/_cluster/health').read().decode())"
        health = json.loads(vps_3.run(f'docker exec library-r1-web-1 python -c "{request}"'))
        assert (health["number_of_nodes"], health["status"]) == (2, "green")

    def test_a_service_without_preset_has_its_secret_as_a_file(self, library: Project, vps_3: Server) -> None:
        container = "library-services-shelf-1"
        assert vps_3.run(f"docker exec {container} cat /run/secrets/DOOR") == SECRETS["vault_secret_key"]
        assert SECRETS["vault_secret_key"] not in json.dumps(vps_3.inspect(container))

    def test_rows_outlive_a_new_container_of_postgres(self, library: Project, vps_3: Server) -> None:
        container = "library-services-store-1"
        query = f"docker exec --interactive {container} psql --username reader --dbname books --tuples-only --no-align"
        vps_3.run(query, "CREATE TABLE IF NOT EXISTS books (title text); INSERT INTO books VALUES ('Anchors');")
        before = vps_3.inspect(container)["Id"]
        library.change("library", services={"store": {"deploy": {"resources": {"limits": {"memory": "600m"}}}}})
        library.deploy("-e", "app=library", "-e", "restart=store").succeeded()
        assert vps_3.inspect(container)["Id"] != before
        assert vps_3.run(query, "SELECT title FROM books;").splitlines()[0] == "Anchors"

    def test_verified(self, library: Project) -> None:
        library.playbook("verify", "-e", "app=library").succeeded().says("checks passed")


class TestClockwork:
    """A worker alone: no domain, no port, no health page."""

    def jobs(self, server: Server) -> list[dict[str, Any]]:
        live = server.live("clockwork")
        shown = server.run(f"docker exec clockwork-r{live}-worker-1 cat /data/jobs.jsonl")
        return [json.loads(line) for line in shown.splitlines()]

    def test_it_works_and_the_proxy_does_not_know_it(self, site: Project, vps_3: Server) -> None:
        before = len(self.jobs(vps_3))
        wait_for(lambda: len(self.jobs(vps_3)) > before, "the next job is noted")
        assert not vps_3.has("/var/lib/slipway/proxy/sites/clockwork.caddy")
        assert not vps_3.has("/var/lib/slipway/proxy/live/clockwork/upstream")

    def test_jobs_at_hand_are_finished_at_a_release(self, site: Project, vps_3: Server) -> None:
        site.change("clockwork", environment={"EDITION": str(time.time_ns())})
        old = {job["job"] for job in self.jobs(vps_3)}
        site.deploy("-e", "app=clockwork").succeeded().says("is live")
        jobs = self.jobs(vps_3)
        gone = {job["job"].rpartition("-")[0] for job in jobs if job["job"] in old}
        begun = {job["job"] for job in jobs if job["event"] == "begin" and job["job"].rpartition("-")[0] in gone}
        ended = {job["job"] for job in jobs if job["event"] == "end"}
        assert begun <= ended


def test_one_is_deployed_and_the_others_are_left_alone(site: Project, vps_3: Server) -> None:
    others = {each["Names"]: each["ID"] for each in vps_3.containers() if not each["Names"].startswith("beacon-")}
    site.change("beacon", environment={"VERSION": str(time.time_ns())})
    site.deploy("-e", "app=beacon").succeeded().says("is live")
    now = {each["Names"]: each["ID"] for each in vps_3.containers() if not each["Names"].startswith("beacon-")}
    assert now == others
