"""The main path on Debian 13: a bare server without Python, and all that happens to an application's server later on.

Each test goes on from the state that the ones before have left; one that is run alone makes that state first.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import pytest

from examples.microblog.tests.visit import Person
from tests.sandbox import images, visitor
from tests.sandbox.playbook import Outcome
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.sandbox.source import Source

pytestmark = [pytest.mark.main_path, pytest.mark.servers("vps-1")]

REPOSITORY = "acme/microblog-on-13"
DOMAIN = "microblog.localhost"
POSTS = [f"the {number}th of my thoughts on anchors" for number in range(1, 31)]


@pytest.fixture(scope="module")
def vps_1() -> Server:
    """The server as its visitors reach it, over HTTPS."""
    return Server("vps-1", secure=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source.of_microblog(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def site(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Microblog in an inventory with vps-1, under an image name of this test's own."""
    made = Project(tmp_path_factory.mktemp("debian-13"), app=["vps-1"], secure=True)
    image = f"{{{{ registry_server }}}}/{REPOSITORY}"
    return made.add("microblog", image=image, build={"context": str(source.folder)})


@dataclass
class Checked:
    outcome: Outcome
    files: tuple[list[str], list[str]]
    processes: tuple[list[str], list[str]]


@pytest.fixture(scope="module")
def checked(site: Project, vps_1: Server) -> Checked:
    """What a run in check mode said and did on the bare server."""
    vps_1.bare()
    files, processes = vps_1.files(), vps_1.processes()
    outcome = site.deploy("--check", "--diff")
    return Checked(outcome, (files, vps_1.files()), (processes, vps_1.processes()))


@pytest.fixture(scope="module")
def built(site: Project) -> Outcome:
    return site.build()


@pytest.fixture(scope="module")
def deployed(site: Project, checked: Checked, built: Outcome) -> Outcome:
    """The first deploy, onto the bare server."""
    return site.deploy().succeeded()


@pytest.fixture(scope="module")
def anna(deployed: Outcome, vps_1: Server) -> Person:
    """Somebody who has registered and written a number of posts."""
    person = visitor.person(vps_1, DOMAIN)
    person.register()
    for body in POSTS:
        person.post(body)
    return person


def expect_data_of(person: Person) -> None:
    """The account, the posts and the search index are still there."""
    person.http.cookies.clear()
    person.log_in()
    assert person.posts() == POSTS[::-1]
    assert person.find("30th anchors") == [POSTS[-1]]


def test_check_mode_prints_the_plan(checked: Checked) -> None:
    checked.outcome.succeeded().says("Nothing was touched (check mode).")
    checked.outcome.line_with("server", "set up from bare")
    checked.outcome.line_with("dbserver", "created from mariadb:11.8")
    checked.outcome.line_with("redis-server", "created from redis:8")
    checked.outcome.line_with("elasticsearch", "created from elasticsearch:8.11.4")
    checked.outcome.line_with("first release", REPOSITORY)


def test_check_mode_touches_nothing(checked: Checked) -> None:
    before, after = checked.files
    assert set(before) ^ set(after) == set()
    before, after = checked.processes
    assert before == after


def test_no_python_came_with_check_mode(checked: Checked) -> None:
    assert [line for line in checked.files[1] if line.startswith("/usr/bin/python")] == []


def test_build_pushes_the_image_under_its_commit(built: Outcome, source: Source) -> None:
    built.succeeded().line_with("build ", f"{REPOSITORY}:{source.first}", "sha256:")
    assert {source.first, "latest"} <= set(images.tags(REPOSITORY))


def test_second_build_has_nothing_to_do(built: Outcome, site: Project) -> None:
    before = images.tags(REPOSITORY)
    site.build().succeeded().line_with("build ", "as it was before")
    assert images.tags(REPOSITORY) == before


def test_deploy_ends_with_the_release_live(deployed: Outcome, vps_1: Server) -> None:
    deployed.line_with("Release 1 is live", "microblog.localhost")
    for phase in ("pull", "migrate", "start", "switch", "verify", "settle"):
        deployed.line_with(f"{phase} ", "(vps-1")
    assert visitor.page(vps_1, DOMAIN, "/health").json()["status"] == "ok"
    vps_1.expect_nothing_half_done("microblog")


def test_all_processes_and_services_run(deployed: Outcome, vps_1: Server) -> None:
    services = [f"microblog-services-{name}-1" for name in ("dbserver", "elasticsearch", "redis-server")]
    processes = [f"microblog-r1-{name}-{number}" for name in ("web", "worker") for number in (1, 2)]
    assert vps_1.names("microblog") == sorted(processes + services)
    assert {each["State"] for each in vps_1.containers("slipway.app=microblog")} == {"running"}


def test_verify_has_sixty_checks(deployed: Outcome, site: Project) -> None:
    outcome = site.playbook("verify").succeeded()
    count = re.search(r"(\d+) checks passed", outcome.output)
    assert count and int(count[1]) >= 60, outcome


def test_second_run_changes_nothing_and_ends_after_the_plan(deployed: Outcome, site: Project, vps_1: Server) -> None:
    ids = {each["Names"]: each["ID"] for each in vps_1.containers()}
    files = vps_1.run("find /var/lib/slipway /etc/docker -type f -printf '%p %T@ %s\\n' | sort")
    outcome = site.deploy().succeeded()
    outcome.line_with("vps-1", "nothing to do")
    outcome.line_with("Nothing to do.")
    outcome.says_not("settle", "healthy")
    assert {each["Names"]: each["ID"] for each in vps_1.containers()} == ids
    assert vps_1.run("find /var/lib/slipway /etc/docker -type f -printf '%p %T@ %s\\n' | sort") == files
    assert "changed=0" in site.deploy("-v").succeeded().line_with("vps-1", "ok=")


def test_search_finds_a_post(anna: Person) -> None:
    assert anna.find("7th anchors") == [POSTS[6]]


def test_posts_are_seen_by_everyone(anna: Person, vps_1: Server) -> None:
    assert POSTS[-1] in visitor.page(vps_1, DOMAIN).text


def test_export_shows_its_progress(anna: Person) -> None:
    export = anna.start_export()
    seen = set()
    deadline = time.monotonic() + 60
    while export["state"] != "finished":
        assert export["state"] != "failed" and time.monotonic() < deadline, export
        export = anna.call("GET", export["status_url"]).json()
        if export["state"] == "running":
            seen.add(export["done"])
            assert export["total"] in (0, len(POSTS)), "0 until the worker has counted them"
        time.sleep(0.1)
    assert any(0 < done < len(POSTS) for done in seen), f"progress seen: {seen}"
    answer = anna.call("GET", export["download_url"])
    assert "attachment" in answer.headers["Content-Disposition"]
    assert [post["body"] for post in answer.json()["posts"]] == POSTS


def test_pages_in_the_second_language(anna: Person, vps_1: Server) -> None:
    assert "Log out" in anna.call("GET", "/").text
    anna.call("POST", "/language/de", data={"next": "/", "csrf_token": anna.token()})
    assert "Abmelden" in anna.call("GET", "/").text
    stranger = visitor.person(vps_1, DOMAIN)
    stranger.http.headers["Accept-Language"] = "de"
    assert "Anmelden" in stranger.call("GET", "/").text


def test_log_out_and_in(anna: Person) -> None:
    anna.call("POST", "/logout", data={"csrf_token": anna.token()})
    assert anna.call("GET", "/api/session").json()["username"] is None
    anna.log_in()


@pytest.fixture(scope="module")
def second(anna: Person, site: Project, source: Source) -> Outcome:
    """A new image, built from the next commit of the application's code, deployed."""
    template = source.folder / "microblog/templates/base.html"
    template.write_text(template.read_text().replace("<body>", '<body data-edition="second">'))
    source.commit("second edition")
    site.build().succeeded()
    return site.deploy().succeeded()


def test_new_image_is_a_new_release(second: Outcome, vps_1: Server) -> None:
    second.line_with("image:", "becomes", REPOSITORY)
    second.line_with("Release 2 is live")
    assert 'data-edition="second"' in visitor.page(vps_1, DOMAIN).text
    assert vps_1.live("microblog") == 2
    vps_1.expect_nothing_half_done("microblog")


def test_new_image_has_another_version(second: Outcome, source: Source, vps_1: Server) -> None:
    assert source.head != source.first
    assert visitor.page(vps_1, DOMAIN, "/version").json()["version"] == source.head


def test_data_outlives_a_new_image(second: Outcome, anna: Person) -> None:
    expect_data_of(anna)


@pytest.fixture(scope="module")
def less_memory(second: Outcome, site: Project) -> None:
    """The inventory wants another memory limit for the database, whose container has to be made anew for it."""
    limits = {"deploy": {"resources": {"limits": {"memory": "700m"}}}}
    site.change("microblog", services={"dbserver": limits})


def test_data_service_is_not_restarted_without_consent(less_memory: None, site: Project, vps_1: Server) -> None:
    ids = {each["Names"]: each["ID"] for each in vps_1.containers()}
    outcome = site.deploy().failed("memory")
    outcome.line_with("a data service would be restarted", "dbserver", "-e restart=dbserver")
    assert {each["Names"]: each["ID"] for each in vps_1.containers()} == ids


def test_consent_to_one_service_is_none_to_another(less_memory: None, site: Project, vps_1: Server) -> None:
    before = vps_1.inspect("microblog-services-dbserver-1")["Id"]
    site.deploy("-e", "restart=redis-server").failed("-e restart=dbserver")
    assert vps_1.inspect("microblog-services-dbserver-1")["Id"] == before


def test_data_outlives_a_new_container_of_the_database(
    less_memory: None, site: Project, vps_1: Server, anna: Person
) -> None:
    before = {each["Names"]: each["ID"] for each in vps_1.containers()}
    site.deploy("-e", "restart=dbserver").succeeded()
    after = {each["Names"]: each["ID"] for each in vps_1.containers()}
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"microblog-services-dbserver-1"}
    limit = vps_1.inspect("microblog-services-dbserver-1")["HostConfig"]["Memory"]
    assert limit == 700 * 1024**2
    visitor.wait_until_whole(vps_1, DOMAIN)
    expect_data_of(anna)


def test_everything_is_back_after_a_reboot(second: Outcome, site: Project, vps_1: Server, anna: Person) -> None:
    live = vps_1.live("microblog")
    vps_1.reboot()
    visitor.wait_until_whole(vps_1, DOMAIN)
    assert vps_1.live("microblog") == live
    expect_data_of(anna)
    assert [post["body"] for post in anna.export()["posts"]] == POSTS
    site.deploy().succeeded().line_with("vps-1", "nothing to do")
    site.playbook("verify").succeeded()
