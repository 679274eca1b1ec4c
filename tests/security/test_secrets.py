"""After a deploy, a failing one and a rollback at -vvv no value of a secret stands anywhere but in root's own files.

All that runs on the server meanwhile is watched, and afterwards every place is searched in which such values have been
found in other tools: plain, in URLs, in base64. A canary in each place proves that the search finds what is there.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.sandbox.playbook import ROOT, Outcome, environment, run_playbook
from tests.sandbox.project import Project
from tests.sandbox.server import Server
from tests.security.conftest import DOMAIN, REPOSITORY, SERVER
from tests.security.search import canaries
from tests.security.search.forms import Sought
from tests.security.search.places import Found, in_files, search, unpacked
from tests.security.search.watch import Watch, watching

IMAGE = f"registry.sandbox/{REPOSITORY}"
GENERATED = "/var/lib/slipway/microblog/services/secrets"
VERBOSE = "-vvv"


@dataclass
class Searched:
    """What was found in each place, and what the runs have said."""

    values: Mapping[str, str]
    canaries: Mapping[str, str]
    places: dict[str, Found]
    watch: Watch
    outcomes: list[Outcome] = field(default_factory=list)

    def where(self, names: Mapping[str, str]) -> dict[str, set[str]]:
        """The places in which one of these was found, with the lines that tell where."""
        found: dict[str, set[str]] = {}
        for place, names_found in self.places.items():
            for name in names_found.keys() & names.keys():
                found.setdefault(place, set()).update(f"{name}: {where}" for where in names_found[name])
        return found


def secret_values(project: Project) -> dict[str, str]:
    """Values of this test alone, written where a user would write them; those that the server generates come later."""
    values = {name: f"{secrets.token_urlsafe(18)}/+{secrets.token_urlsafe(6)}" for name in ("key", "password")}
    vault = {"vault_secret_key": values["key"], "vault_database_password": secrets.token_urlsafe(24)}
    values["password"] = vault["vault_database_password"]
    (project.inventory / "apps/microblog.vault.yml").write_text(yaml.safe_dump(vault))
    registry = yaml.safe_load((project.inventory / "group_vars/all/vault.yml").read_text())["vault_registry_password"]
    return {**values, "registry's password": registry}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("secrets"), app=[SERVER], secure=True)
    made.hosts["all"]["children"]["builder"]["hosts"] = {SERVER: None}
    made.write_hosts()
    return made.add("microblog", image=IMAGE, domains=[DOMAIN], health_timeout="10s")


@pytest.fixture(scope="module")
def searched(server: Server, project: Project) -> Iterator[Searched]:
    """Deploys to the bare server, fails, goes back; then searches."""
    values = secret_values(project)
    log = project.inventory.parent / "ansible.log"
    server.reset()
    outcomes = []
    with watching(server, Sought.of(values)) as watch, logged(log):
        for name, *arguments in (["build"], ["deploy"], ["rollback"]):
            outcomes.append(run_playbook(project.inventory, name, VERBOSE, *arguments).succeeded())
            if name == "deploy":
                project.change("microblog", health="/no-such-page")
                outcomes.append(run_playbook(project.inventory, "deploy", VERBOSE))
                assert outcomes[-1].code != 0, outcomes[-1]
                project.change("microblog", health="/health", environment={"EXPORT_POSTS_PER_SECOND": 21})
                outcomes.append(run_playbook(project.inventory, "deploy", VERBOSE).succeeded())
    for path in server.run(f"ls {GENERATED}").split():
        value = server.run(f"cat {GENERATED}/{path}")
        if value not in values.values():
            values[f"generated {path}"] = value
    birds = canaries.make()
    with canaries.planted(server, birds, DOMAIN, IMAGE):
        places = search(server, Sought.of({**values, **birds}), REPOSITORY)
    places["Ansible's log"] = in_files(Sought.of(values), [log])
    places["Ansible's output"] = {
        name: {outcome.command} for outcome in outcomes for name in Sought.of(values).names_in(outcome.output.encode())
    }
    yield Searched(values, birds, places, watch, outcomes)


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Ansible's log goes to a file meanwhile."""
    os.environ["ANSIBLE_LOG_PATH"] = str(path)
    try:
        yield
    finally:
        del os.environ["ANSIBLE_LOG_PATH"]


def test_no_secret_stands_in_any_place(searched: Searched) -> None:
    found = searched.where(searched.values)
    assert not found, "\n".join(f"{place}: {line}" for place, lines in sorted(found.items()) for line in sorted(lines))


def test_every_canary_is_found(searched: Searched) -> None:
    missed = [
        f"{name}: not found in {place}"
        for name in searched.canaries
        for place in canaries.expected(name)
        if name not in searched.places[place]
    ]
    assert not missed, "\n".join(missed)
    without = set(searched.places) - {place for name in searched.canaries for place in canaries.expected(name)}
    assert without <= {"Ansible's log", "Ansible's output", "build cache"}, f"no canary for {without}"


def test_the_runs_are_as_verbose_as_can_be(searched: Searched) -> None:
    """The output that was searched holds what Ansible did, and the failing deploy's own words."""
    assert all("ESTABLISH SSH CONNECTION" in outcome.output for outcome in searched.outcomes)
    assert "/no-such-page" in searched.outcomes[2].output


def test_no_process_has_had_a_secret_in_its_arguments(searched: Searched) -> None:
    assert searched.watch.seen > 200, "the watch has hardly seen a process"
    assert dict(searched.watch.arguments) == {}


def test_only_the_application_has_its_secrets_in_its_environment(server: Server, searched: Searched) -> None:
    """No process outside of the containers has one. A data service has its own, which its entrypoint reads from files;
    the release has the application's; nobody has another's.
    """
    services = {each["ID"][:12] for each in server.containers("slipway.service")}
    stray = set()
    for name, places in searched.watch.environments.items():
        for where in places:
            container = where.rpartition(" ")[2]
            of_service = name == "password" or name.startswith("generated ")
            own = of_service if container in services else name in ("key", "password")
            if not own or not re.fullmatch(r"[0-9a-f]{12}", container):
                stray.add(f"{name}: {where}")
    assert not stray
    assert searched.watch.environments.get("key"), "the application gets it that way: the watch must see it"


def test_watch_sees_a_canary(server: Server) -> None:
    value = canaries.make()["canary argument"]
    with watching(server, Sought.of({"canary": value})) as watch:
        # A process of the server's own: one of `docker exec` is this machine's, and no child of the server's init.
        script = f"CANARY='{value}' sleep 0.3; perl -e 'sleep 1' '{value}'"
        server.run("systemd-run --pipe --wait --quiet --collect bash -s", script)
    assert watch.arguments["canary"] and watch.environments["canary"]


@pytest.mark.parametrize("form", ["", " | b64encode", " | urlencode"], ids=["plain", "base64", "url"])
def test_output_with_a_canary_is_noticed(tmp_path: Path, form: str) -> None:
    """The search of Ansible's own output and log, with a value that a playbook prints on purpose."""
    value = canaries.make()["canary argument"]
    task = {"ansible.builtin.debug": {"msg": f"x{{{{ given{form} }}}}"}}
    book, log, hosts = tmp_path / "book.yml", tmp_path / "log", tmp_path / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}))
    book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    command = ["ansible-playbook", "-v", "-i", str(hosts), str(book), "-e", json.dumps({"given": value})]
    with logged(log):
        output = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, check=True).stdout
    sought = Sought.of({"canary": value})
    assert sought.names_in(output) == {"canary"}
    assert in_files(sought, [log])


def test_a_packed_layer_is_unpacked() -> None:
    assert unpacked(gzip.compress(b"canary")) == b"canary"
