"""Commands on a server, over paramiko, as root; the host key has to be the one in the inventory's known_hosts."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import paramiko
from fabric import Config, Connection

from day_two.inventory import Server
from day_two.problem import DayTwoError, connection_problem

CONNECT_SECONDS = 10
Result = TypeVar("Result")


class ServerShell:
    """An open connection to one server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = server.name
        self.closed = False
        options: dict[str, Any] = {"banner_timeout": CONNECT_SECONDS, "auth_timeout": CONNECT_SECONDS}
        if server.key:
            # The inventory names the key, so no other one is offered.
            options |= {"key_filename": server.key, "look_for_keys": False, "allow_agent": False}
        self.connection = Connection(
            host=server.address,
            user=server.user,
            port=server.port,
            gateway=server.gateway or None,
            connect_timeout=CONNECT_SECONDS,
            connect_kwargs=options,
            # The inventory alone says how a server is reached, as for Ansible.
            config=Config(overrides={"load_ssh_configs": False, "run": {"in_stream": False}}),
        )
        client = self.connection.client
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        if not server.known_hosts.is_file():
            raise DayTwoError(f"{server.name}: {server.known_hosts} is missing: it has to hold the server's host key")
        client.load_host_keys(str(server.known_hosts))
        try:
            self.connection.open()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise connection_problem(server.name, server.where, error) from None

    def close(self) -> None:
        self.closed = True
        self.connection.close()

    def _check_open(self) -> None:
        # fabric opens a closed connection again by itself, so that Ctrl-C would not end a loop.
        if self.closed:
            raise DayTwoError(f"{self.name}: the connection was closed")

    def as_root(self, command: str) -> str:
        return command if self.server.user == "root" else f"sudo -n -- sh -c {shlex.quote(command)}"

    def run(self, command: str, check: bool = True) -> str:
        """The standard output of a command. Raises DayTwoError when `check` and it fails."""
        self._check_open()
        try:
            result = self.connection.run(self.as_root(command), hide=True, warn=True)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise connection_problem(self.name, self.server.where, error) from None
        if check and not result.ok:
            raise DayTwoError(f"{self.name}: {explain(result.stderr or result.stdout)}")
        return str(result.stdout)

    def attached(self, command: str) -> int:
        """Runs a command with this program's input and output, on a terminal where there is one; returns its code."""
        terminal = sys.stdin.isatty() and sys.stdout.isatty()
        try:
            result = self.connection.run(self.as_root(command), pty=terminal, warn=True, in_stream=sys.stdin)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise connection_problem(self.name, self.server.where, error) from None
        return int(result.exited)

    def stream(self, command: str, line: Callable[[str], None]) -> int:
        """Calls `line` for each line that a command prints, as it comes; returns its exit code.

        The command's standard input ends when this side ends, so that it can end, too.
        """
        self._check_open()
        transport = self.connection.transport
        assert transport is not None
        try:
            channel = transport.open_session()
            channel.set_combine_stderr(True)
            channel.exec_command(self.as_root(command))
            for text in channel.makefile("rb"):
                line(text.decode(errors="replace").rstrip("\r\n"))
            return channel.recv_exit_status()
        except (paramiko.SSHException, OSError) as error:
            raise connection_problem(self.name, self.server.where, error) from None


def explain(text: str) -> str:
    """The last line of an error, or what it means."""
    low = text.lower()
    if "a password is required" in low or "a terminal is required" in low:
        return "sudo wants a password: allow the user sudo without one (NOPASSWD)"
    if "sudo: not found" in low or "sudo: command not found" in low:
        return "sudo is not installed: set ansible_user to root, or install it"
    if "docker: not found" in low or "docker: command not found" in low:
        return "Docker is not installed there: playbooks/deploy.yml sets the server up"
    if "cannot connect to the docker daemon" in low:
        return "the Docker engine does not answer: `systemctl status docker` there says why"
    lines = text.strip().splitlines() or ["the command failed without a word"]
    # Docker's client adds a summary below what the engine said.
    return next((line for line in lines if line.startswith("Error response from daemon: ")), lines[-1]).removeprefix(
        "Error response from daemon: "
    )


def on_all(servers: Sequence[Server], work: Callable[[ServerShell], Result]) -> list[tuple[str, Result]]:
    """[(name, what `work` returned)] of all servers, at once, in their order. The first error is raised at the end."""

    shells: list[ServerShell] = []

    def one(server: Server) -> Result:
        shell = ServerShell(server)
        shells.append(shell)
        try:
            return work(shell)
        finally:
            shell.close()

    with ThreadPoolExecutor(max_workers=min(20, len(servers))) as pool:
        pending = [(server.name, pool.submit(one, server)) for server in servers]
        try:
            return [(name, each.result()) for name, each in pending]
        except KeyboardInterrupt:
            # The threads wait for their servers; a closed connection lets them go.
            for shell in shells:
                shell.close()
            raise
