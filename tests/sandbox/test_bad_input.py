"""Mistakes in the inventory: one line with file, key, what was found and what was expected, and no host contacted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.project import Project

pytestmark = pytest.mark.input
Edit = Callable[[Project], Any]


@dataclass
class Mistake:
    """What is wrong, and the words that must stand in the one line that says so."""

    name: str
    edit: Edit
    words: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    playbook: str = "deploy"


def microblog(**changes: Any) -> Edit:
    return lambda project: project.change("microblog", **changes)


def services(**changes: Any) -> Edit:
    return microblog(services=changes)


FILE = "apps/microblog.yml"
VOLUME = {"image": "redis:8", "volumes": ["shared:/data"]}
ALIAS = {"networks": {"default": {"aliases": ["store"]}}}
MISTAKES = [
    Mistake("misspelt key", microblog(enviroment={"A": "b"}), (FILE, "enviroment", "not known", "`environment`")),
    Mistake("unknown key", microblog(colour="red"), (FILE, "colour", "not known", "one of", "image")),
    Mistake("no image", microblog(image=None), (FILE, "image", "nothing", "an image name")),
    Mistake("no domains", microblog(domains=None), (FILE, "domains", "nothing", "a list of domain names")),
    Mistake("domain with a scheme", microblog(domains=["http://a.example"]), (FILE, "domains", '"http://a.example"')),
    Mistake("no port", microblog(port=None), (FILE, "port", "nothing", "1 to 65535")),
    Mistake("port out of range", microblog(port=70000), (FILE, "port", "70000", "1 to 65535")),
    Mistake("port as text", microblog(port="http"), (FILE, "port", '"http"', "1 to 65535")),
    Mistake(
        "process named like a service",
        microblog(processes={"dbserver": {}}),
        (FILE, "processes.dbserver", "a service of the same name", "different names"),
    ),
    Mistake("secret without a value", microblog(secrets={"KEY": ""}), (FILE, "secrets.KEY", "no value", "the vault")),
    Mistake(
        "secret that no vault has",
        microblog(secrets={"KEY": "{{ vault_nothing }}"}),
        (FILE, "secrets.KEY", "vault_nothing", "vault file"),
    ),
    Mistake(
        "alias twice",
        services(**{"redis-server": ALIAS, "dbserver": ALIAS}),
        (FILE, "`store`", "services.dbserver", "services.redis-server", "each alias once"),
    ),
    Mistake(
        "alias that is a service's name",
        microblog(processes={"web": {"networks": {"default": {"aliases": ["dbserver"]}}}}),
        (FILE, "processes.web", "`dbserver`", "each alias once"),
    ),
    Mistake(
        "volume shared by two services",
        services(one=VOLUME, two=VOLUME),
        (FILE, "services.two.volumes", "`shared`", "services.one", "a volume for each service"),
    ),
    Mistake(
        "preset that does not exist",
        services(dbserver={"preset": "mongodb"}),
        (FILE, "services.dbserver.preset", '"mongodb"', "mariadb", "postgres", "redis"),
    ),
    Mistake(
        "unknown Compose key",
        microblog(processes={"web": {"memory": "1g"}}),
        (FILE, "processes.web.memory", "not known"),
    ),
    Mistake(
        "invalid Compose definition",
        microblog(processes={"web": {"tmpfs": {"a": 1}}}),
        (FILE, "processes.web.tmpfs", "Compose specification"),
    ),
    Mistake(
        "invalid Compose definition of a service",
        services(dbserver={"restart": ["always"]}),
        (FILE, "services.dbserver.restart", "string", "Compose specification"),
    ),
    Mistake(
        "replicas that are no number",
        microblog(processes={"web": {"deploy": {"replicas": "two"}}}),
        (FILE, "replicas", '"two"'),
    ),
    Mistake("no processes", microblog(processes=None), (FILE, "processes", "nothing", "at least one process")),
    Mistake(
        "file that is no mapping", lambda project: project.path("microblog").write_text("- a\n"), (FILE, "mapping")
    ),
    Mistake(
        "file that is no YAML",
        lambda project: project.path("microblog").write_text("image: [a\ndomains: b: c\n"),
        (FILE, "expected valid YAML"),
    ),
    Mistake(
        "application name that is none",
        lambda project: project.rename("microblog", "My_App"),
        ("apps/My_App.yml", "name", '"My_App"', "lower-case letters"),
    ),
    Mistake(
        "unknown application",
        lambda project: None,
        ("apps", "-e app", "'shop'", "one of microblog"),
        ("-e", "app=shop"),
    ),
    Mistake(
        "no choice among several applications",
        lambda project: project.add("beacon"),
        ("apps", "-e app", "several", "beacon, microblog"),
    ),
    Mistake("no application", lambda project: project.path("microblog").unlink(), ("apps", "no application")),
    Mistake(
        "domain of another application",
        lambda project: project.add("beacon", domains=["beacon.sandbox", "microblog.sandbox"]),
        ("apps/microblog.yml", "domains", "microblog.sandbox", "beacon", "each domain once"),
        ("-e", "app=microblog"),
    ),
    Mistake(
        "restart of an unknown service",
        lambda project: None,
        ("microblog", "-e restart", "found database", "dbserver, redis-server"),
        ("-e", "restart=database"),
    ),
    Mistake(
        "a tag that is none",
        lambda project: None,
        ("microblog", "-e tag", "found 'a:b'", "an image tag"),
        ("-e", "tag=a:b"),
    ),
    Mistake(
        "a wait that is no duration",
        lambda project: None,
        ("microblog", "-e wait_for_lock", "found 'soon'", "a duration such as 5m"),
        ("-e", "wait_for_lock=soon"),
    ),
    Mistake(
        "address for the authority that is none",
        lambda project: project.settings(proxy_tls="automatic", proxy_acme_email="you at example.com"),
        ("group_vars", "proxy_acme_email", "'you at example.com'", "an e-mail address"),
    ),
    Mistake(
        "directory of an authority over plain HTTP",
        lambda project: project.settings(proxy_acme_directory="http://acme.sandbox/dir"),
        ("group_vars", "proxy_acme_directory", "http://acme.sandbox/dir", "the https address"),
    ),
    Mistake(
        "root of an authority that is not there",
        lambda project: project.settings(proxy_acme_ca_root="/nowhere/root.pem"),
        ("group_vars", "proxy_acme_ca_root", "/nowhere/root.pem", "the path of a PEM file"),
    ),
    Mistake(
        "off without quotes",
        lambda project: project.settings(proxy_tls=False),
        ("group_vars", "proxy_tls", "off without quotes", '"off"'),
    ),
    Mistake(
        "wildcard without a challenge by DNS",
        microblog(domains=["microblog.sandbox", "*.microblog.sandbox"], tls="automatic"),
        (FILE, "domains", "*.microblog.sandbox", "a challenge by DNS", "proxy_acme_dns"),
    ),
    Mistake(
        "certificate of a public authority for an address, which only a profile of it gives",
        lambda project: (
            project.settings(proxy_acme_directory="", proxy_acme_ca_root=""),
            project.change("microblog", domains=["203.0.113.7"], tls="automatic"),
        ),
        (FILE, "domains", "the address 203.0.113.7", "a domain name", "tls: internal", "proxy_acme_profile"),
    ),
    Mistake(
        "certificate for an address by a challenge by DNS",
        lambda project: (
            project.settings(proxy_acme_dns="cloudflare token"),
            project.change("microblog", domains=["203.0.113.7"], tls="automatic"),
        ),
        (FILE, "domains", "the address 203.0.113.7, which no challenge by DNS can prove", "tls: internal"),
    ),
    Mistake(
        "two addresses, between which visitors could not choose",
        microblog(domains=["203.0.113.7", "203.0.113.8"], tls="internal"),
        (FILE, "domains", "the addresses 203.0.113.7, 203.0.113.8", "one address with a certificate"),
    ),
    Mistake(
        "certificate of a public authority for a private name",
        lambda project: (
            project.settings(proxy_acme_directory="", proxy_acme_ca_root=""),
            project.change("microblog", domains=["microblog.localhost"], tls="automatic"),
        ),
        (FILE, "domains", "microblog.localhost", "no public authority", "tls: internal"),
    ),
    Mistake(
        "certificate that is not there",
        microblog(tls={"certificate": "certificates/shop.pem", "key": "certificates/shop.key"}),
        (FILE, "tls.certificate", "certificates/shop.pem", "which is not there", "a PEM file"),
    ),
    Mistake(
        "way to a certificate that is none", microblog(tls="letsencrypt"), (FILE, "tls", "letsencrypt", "automatic")
    ),
    Mistake("limit that is no size", microblog(proxy={"body_limit": "lots"}), (FILE, "proxy.body_limit", "500MB")),
]


class Listener:
    """Takes the place of every server's sshd and counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.socket.accept()
            except OSError:
                return
            self.visits += 1
            connection.close()


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    try:
        yield listener
    finally:
        listener.socket.close()


@pytest.fixture
def watched(project: Callable[..., Project]) -> Iterator[Project]:
    """An inventory with microblog in which no server may be contacted."""
    made = project(app=["vps-1"]).add("microblog")
    with listening() as listener:
        for host in made.hosts["all"]["hosts"]:
            made.host(host, ansible_port=listener.port)
        yield made
        assert listener.visits == 0, "a server was contacted"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name.replace(" ", "-"))
def test_mistake_is_told_in_one_line(mistake: Mistake, watched: Project) -> None:
    mistake.edit(watched)
    outcome = watched.playbook(mistake.playbook, *mistake.arguments).failed("no host was contacted")
    line = outcome.one_line_with(*mistake.words)
    assert "found" in line and "expected" in line


def test_every_mistake_of_a_file_is_told_at_once(watched: Project) -> None:
    watched.change("microblog", image=None, port=0, colour="red")
    outcome = watched.deploy().failed()
    assert len([line for line in outcome.lines if "found" in line and FILE in line]) == 3


@pytest.mark.parametrize("playbook", ["deploy", "verify", "rollback", "status"])
def test_no_host_in_a_needed_group(playbook: str, watched: Project) -> None:
    watched.hosts["all"]["children"]["app"]["hosts"] = {}
    watched.write_hosts()
    line = watched.playbook(playbook).failed().one_line_with("group `app`", "no host")
    assert "at least one host" in line


def test_no_builder(watched: Project) -> None:
    watched.hosts["all"]["children"]["builder"]["hosts"] = {}
    watched.write_hosts()
    line = watched.build().failed().one_line_with("group `builder`", "no host")
    assert "at least one host" in line


def test_nothing_to_build_from(watched: Project) -> None:
    watched.change("microblog", build=None)
    watched.build().failed().one_line_with(FILE, "build", "nothing", "context")


def test_mistyped_state_of_maintenance(watched: Project) -> None:
    watched.playbook("maintenance", "-e", "state=maybe").failed().one_line_with("state", "maybe", "on or off")


class TestVault:
    """Files that ansible-vault has really encrypted."""

    @staticmethod
    def encrypt(path: Path, password: str) -> Path:
        from ansible.parsing.vault import VaultLib, VaultSecret

        path.write_bytes(VaultLib([("default", VaultSecret(password.encode()))]).encrypt(path.read_bytes()))
        # Outside of the inventory, of which Ansible reads every file.
        key = next(folder for folder in path.parents if folder.name == "inventory").parent / "password"
        key.write_text(f"{password}\n")
        key.chmod(0o600)
        return key

    def test_without_its_password(self, watched: Project) -> None:
        self.encrypt(watched.inventory / "apps/microblog.vault.yml", "correct horse")
        line = watched.deploy().failed().one_line_with("apps/microblog.vault.yml", "could not be decrypted")
        assert "--vault-password-file" in line

    def test_with_another_password(self, watched: Project) -> None:
        key = self.encrypt(watched.inventory / "apps/microblog.vault.yml", "correct horse")
        key.write_text("battery staple\n")
        outcome = watched.deploy("--vault-password-file", str(key)).failed()
        outcome.one_line_with("apps/microblog.vault.yml", "could not be decrypted")

    def test_of_the_whole_inventory(self, watched: Project) -> None:
        self.encrypt(watched.inventory / "group_vars/all/vault.yml", "correct horse")
        outcome = watched.deploy()
        assert outcome.code != 0
        outcome.one_line_with("group_vars/all/vault.yml", "could not be decrypted", "--vault-password-file")

    def test_with_its_password_the_input_is_right(self, watched: Project) -> None:
        key = self.encrypt(watched.inventory / "apps/microblog.vault.yml", "correct horse")
        # It goes on to the check of the next thing: a mistake that is put there on purpose.
        watched.change("microblog", port=0)
        watched.deploy("--vault-password-file", str(key)).failed().one_line_with(FILE, "port", "found 0")
