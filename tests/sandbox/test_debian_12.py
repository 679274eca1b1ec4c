"""The main path on Debian 12, which has python3 from the start; shorter, as Debian 13's tells the rest."""

from __future__ import annotations

import pytest

from examples.microblog.tests.visit import Person
from tests.sandbox import visitor
from tests.sandbox.playbook import Outcome
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.sandbox.source import Source

pytestmark = [pytest.mark.main_path, pytest.mark.servers("vps-3")]

DOMAIN = "microblog.localhost"
POSTS = [f"post number {number} from bookworm" for number in range(1, 4)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Project:
    source = Source.of_microblog(tmp_path_factory.mktemp("source"))
    made = Project(tmp_path_factory.mktemp("debian-12"), app=["vps-3"])
    image = "{{ registry_server }}/acme/microblog-on-12"
    made.add("microblog", image=image, build={"context": str(source.folder)})
    made.build().succeeded()
    return made


@pytest.fixture(scope="module")
def deployed(site: Project, vps_3: Server) -> Outcome:
    vps_3.bare()
    assert "12 (bookworm)" in vps_3.run("cat /etc/os-release")
    return site.deploy().succeeded()


@pytest.fixture(scope="module")
def berta(deployed: Outcome, vps_3: Server) -> Person:
    person = visitor.person(vps_3, DOMAIN)
    person.register()
    for body in POSTS:
        person.post(body)
    return person


def test_deploy_ends_with_the_release_live(deployed: Outcome, vps_3: Server) -> None:
    deployed.line_with("Release 1 is live")
    vps_3.expect_nothing_half_done("microblog")


def test_verified(deployed: Outcome, site: Project) -> None:
    site.playbook("verify").succeeded().says("checks passed")


def test_second_run_has_nothing_to_do(deployed: Outcome, site: Project) -> None:
    site.deploy().succeeded().line_with("vps-3", "nothing to do")


def test_a_person_posts_searches_and_exports(berta: Person) -> None:
    assert berta.posts() == POSTS[::-1]
    assert berta.find("number 2 bookworm") == [POSTS[1]]
    assert [post["body"] for post in berta.export()["posts"]] == POSTS


def test_everything_is_back_after_a_reboot(berta: Person, site: Project, vps_3: Server) -> None:
    vps_3.reboot()
    visitor.wait_until_whole(vps_3, DOMAIN)
    berta.http.cookies.clear()
    berta.log_in()
    assert berta.posts() == POSTS[::-1]
    assert berta.find("number 3 bookworm") == [POSTS[2]]
    site.deploy().succeeded().line_with("vps-3", "nothing to do")
