"""An inventory with servers of the three clouds, as a user with accounts there would have it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.playbook import ROOT, Outcome, environment
from tests.sandbox.project import Project

PLACES = {
    "digitalocean": {"region": "fra1", "size": "s-1vcpu-2gb", "image": "debian-13-x64"},
    "linode": {"region": "eu-central", "size": "g6-standard-1", "image": "linode/debian13"},
    "lightsail": {"region": "eu-central-1", "size": "small_3_0", "image": "debian_12"},
}


def server(name: str, provider: str, **more: Any) -> dict[str, Any]:
    """The lines of a server in the inventory; None takes a key away."""
    lines = {"name": name, "provider": provider, **PLACES[provider], "groups": ["app"], **more}
    return {key: value for key, value in lines.items() if value is not None}


class Account(Project):
    """A project of its own at the providers: what it makes carries its tag, and `destroy` takes it away."""

    def __init__(self, folder: Path, project: str) -> None:
        super().__init__(folder, app=[])
        self.project = project
        # The servers are reached by their addresses, for which no authority issues a certificate.
        self.settings(proxy_tls="off")
        self.wants()

    def named(self, word: str) -> str:
        """A name for a server that no other run has: the stand-in is one for all."""
        return f"{word}-{self.project}"

    def wants(self, *servers: dict[str, Any], **defaults: Any) -> Account:
        """Writes what the inventory wants."""
        self.settings(server_defaults={"project": self.project, **defaults}, servers=list(servers))
        return self

    def provision(self, *arguments: str, timeout: float = 300) -> Outcome:
        return self.playbook("provision", *arguments, timeout=timeout)

    def destroy(self, *names: str, data: bool = False) -> Outcome:
        chosen = ",".join(names)
        more = ["-e", f"destroy_data={chosen}"] if data else []
        return self.playbook("destroy", "-e", f"destroy={chosen}", *more)

    def on(self, name: str, command: str) -> str:
        """What a command says that root runs on a server, reached as the inventory says."""
        words = ["ansible", name, "-i", str(self.inventory), "--become", "-m", "ansible.builtin.shell", "-a", command]
        done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.partition(">>\n")[2].strip()

    # --- what provision.yml wrote ---

    def hosts_of(self, provider: str) -> dict[str, Any]:
        path = self.inventory / "hosts" / f"{provider}.yml"
        return yaml.safe_load(path.read_text())["all"]["hosts"] if path.exists() else {}

    @property
    def known_hosts(self) -> list[str]:
        """The lines of the servers of this account."""
        lines = (self.inventory / "known_hosts").read_text().splitlines()
        return [line for line in lines if " slipway:" in line]

    @property
    def files(self) -> dict[str, str]:
        """All that the playbooks may have written into the inventory."""
        paths = [*(self.inventory / "hosts").glob("*"), self.inventory / "known_hosts"]
        return {str(path): path.read_text() for path in paths if path.is_file()}
