"""`make demo`: a laptop-sized internet, a bare server in it, and the sample application live on it, verified.

`make demo-cloud` (argument `cloud`) takes three clouds to one application, and gives their servers back.
`make demo-release` (argument `release`) releases a changed application while visitors come, and counts what fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts import demo_cloud
from scripts.demo_release import changed_application, visitors

ROOT = Path(__file__).resolve().parents[1]
INVENTORY = "inventory/sandbox"
URL = "https://microblog.localhost:8443"
ADDRESS = "https://127.0.0.1:8443"
ROOTS = ".sandbox/authority/acme-roots.pem"
SERVER = "vps-1"


@dataclass
class Demo:
    """Runs the steps, shows each command as a person would type it, and remembers how long it took."""

    # A command is to be copied whole, however narrow the terminal is.
    console: Console = field(default_factory=lambda: Console(soft_wrap=True))
    times: list[tuple[str, float]] = field(default_factory=list)
    inventory: str = INVENTORY

    def step(self, title: str, *command: str) -> None:
        """Runs one command; ends the demo with its exit code when it fails."""
        shown = " ".join(word if " " not in word else f"'{word}'" for word in command)
        self.console.rule(f"[bold]{title}", align="left")
        self.console.print(f"$ {shown}", style="dim", markup=False, highlight=False)
        begun = time.monotonic()
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        result = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        self.times.append((title, time.monotonic() - begun))
        if result.returncode:
            self.console.print(f"{title}: the command above ended with code {result.returncode}.", style="bold red")
            raise SystemExit(result.returncode)

    def playbook(self, title: str, name: str, *more: str) -> None:
        self.step(title, "ansible-playbook", "-i", self.inventory, f"playbooks/{name}.yml", *more)

    def times_table(self) -> Table:
        table = Table(title="What it took", title_justify="left")
        table.add_column("step")
        table.add_column("seconds", justify="right")
        for title, seconds in self.times:
            table.add_row(title, f"{seconds:.1f}")
        table.add_row("together", f"{sum(seconds for _title, seconds in self.times):.1f}", style="bold")
        return table

    def summary(self) -> None:
        self.console.print(self.times_table())
        self.console.print(
            f"\nThe application: [bold]{URL}[/bold]  (register, post, search, export your posts)\n\n"
            "Its certificate is of acme.sandbox, an authority that this sandbox alone knows, so browsers warn: go on\n"
            f"past the warning, or have the browser trust the last certificate in {ROOTS}.\n"
            f"  curl --cacert {ROOTS} --resolve microblog.localhost:8443:127.0.0.1 {URL}/health\n\n"
            f"{SERVER} had nothing but sshd. It now runs Docker CE, MariaDB, Redis, Elasticsearch, the web application "
            "behind\nCaddy and two workers, from an image that was built from examples/microblog and pushed to a "
            "registry.\n\n"
            "Next:\n"
            f"  ansible-playbook -i {INVENTORY} playbooks/deploy.yml            nothing to do: one look, no change\n"
            f"  ansible-playbook -i {INVENTORY} playbooks/status.yml            what is live, since when, by whom\n"
            "  (change examples/microblog, then)\n"
            f"  ansible-playbook -i {INVENTORY} playbooks/build.yml && "
            f"ansible-playbook -i {INVENTORY} playbooks/deploy.yml\n"
            f"  ansible-playbook -i {INVENTORY} playbooks/rollback.yml          back to the release before\n"
            "  fab --list                                                       logs, a shell, a console there\n"
            f"  python -m sandbox shell {SERVER}                                   look around on the server\n"
            "  make clean                                                       take the sandbox down\n"
            "(. .venv/bin/activate first)",
            highlight=False,
        )


def demo_release(demo: Demo) -> int:
    """A release of a changed application under load; the exit code is 1 when a request failed."""
    inventory = changed_application()
    with visitors(ADDRESS) as load:
        demo.step("Build the changed application", "ansible-playbook", "-i", inventory, "playbooks/build.yml")
        demo.step("Release it while visitors come", "ansible-playbook", "-i", inventory, "playbooks/deploy.yml")
    demo.console.rule("[bold]What the visitors met", align="left")
    demo.console.print(load.summary(), highlight=False)
    demo.console.print(f"Look at its name: {URL}", highlight=False)
    return 1 if load.failed else 0


def python_path() -> str:
    program = Path(sys.executable)
    return str(program.relative_to(ROOT) if program.is_relative_to(ROOT) else program)


def demo_application(demo: Demo) -> None:
    """From nothing to the running application."""
    demo.step("The sandbox: network, registry, bare servers", python_path(), "-m", "sandbox", "up")
    demo.step("A bare server", python_path(), "-m", "sandbox", "reset", SERVER)
    demo.playbook("Build the image and push it", "build")
    demo.playbook("From the bare server to the running application", "deploy")
    demo.playbook("Verify", "verify")
    demo.summary()


def demo_clouds(demo: Demo) -> None:
    """A server on each of three clouds, one application on all of them, and everything given back."""
    demo.step("The sandbox, with three clouds in it", python_path(), "-m", "sandbox", "up", "--cloud")
    demo.inventory = demo_cloud.write_inventory()
    demo.playbook("A server on each cloud", "provision")
    found = demo_cloud.addresses()
    demo_cloud.name_the_site(found)
    demo.playbook("Build the image on one of them", "build")
    demo.playbook("From the bare servers to the running application", "deploy")
    demo.playbook("What there is, and what it costs", "servers")
    demo.playbook("Again: nothing to do", "provision")
    demo.console.rule("[bold]One application on three clouds", align="left")
    for name, address in found.items():
        demo.console.print(f"http://{address}  ({name}: {demo_cloud.answers(address)})", highlight=False)
    if sys.stdin.isatty():
        demo.console.input("Look at them; Enter destroys them. ")
    names = ",".join(found)
    demo.playbook(
        "Give them back, with the data on them", "destroy", "-e", f"destroy={names}", "-e", f"destroy_data={names}"
    )
    demo.console.print(demo.times_table())


def main() -> None:
    if sys.argv[1:] == ["cloud"]:
        demo_clouds(Demo())
        return
    if sys.argv[1:] == ["release"]:
        raise SystemExit(demo_release(Demo()))
    demo_application(Demo())


if __name__ == "__main__":
    main()
