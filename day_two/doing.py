"""Commands that do something: exec, console, stop, start, restart, tunnel."""

from __future__ import annotations

import shlex
import sys
import threading
import time

from day_two.containers import STATE, Container, check_lock, chosen, list_containers, nothing_found
from day_two.inventory import Server
from day_two.looking import host_names
from day_two.output import write
from day_two.problem import DayTwoError
from day_two.server_shell import ServerShell, on_all

HEALTHY_SECONDS = 120
PAUSED_SECONDS = 30
# An application that reads its environment alone gets its secrets from this wrapper; so does a command beside it.
_WRAP = 'w=/run/slipway/environment.sh; [ -f $w ] && exec /bin/sh $w "$@"; exec "$@"'
_SHELL = "command -v bash >/dev/null && exec bash; exec sh"


def first_container(servers: list[Server], application: str, process: str) -> tuple[ServerShell, Container]:
    """An open connection to the first server on which the process runs, and its first container there."""
    found: list[Container] = []
    for server in servers:
        shell = ServerShell(server)
        here = list_containers(shell, application)
        wanted = [container for container in chosen(here, process) if container.running]
        if wanted:
            return shell, min(wanted, key=lambda container: container.number)
        found += here
        shell.close()
    raise nothing_found(host_names(servers), application, process, found)


def execute(servers: list[Server], application: str, process: str, command: str) -> int:
    """Runs a command in the first running container of the process; returns its exit code."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise DayTwoError(f"the command cannot be read ({error}): {command}") from None
    if not words:
        raise DayTwoError('no command: fab exec "venv/bin/flask db current"')
    return _execute(servers, application, process, words)


def console(servers: list[Server], application: str, process: str) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise DayTwoError("a console needs a terminal; `fab exec` runs a command without one")
    return _execute(servers, application, process, ["sh", "-c", _SHELL])


def _execute(servers: list[Server], application: str, process: str, words: list[str]) -> int:
    shell, container = first_container(servers, application, process)
    try:
        terminal = "-it" if sys.stdin.isatty() and sys.stdout.isatty() else "-i"
        command = shlex.join(["docker", "exec", terminal, container.id, "sh", "-c", _WRAP, "sh", *words])
        return shell.attached(command)
    finally:
        shell.close()


def stop(servers: list[Server], application: str, process: str) -> None:
    """Stops live containers, each with its own grace period; they stay stopped, until `fab start` or a release."""

    def work(shell: ServerShell, container: Container) -> str:
        if not container.running:
            return "is stopped already"
        shell.run(f"docker stop {container.id}")
        return "stopped"

    _each(servers, application, process, work, at_once=True)


def start(servers: list[Server], application: str, process: str) -> None:
    def work(shell: ServerShell, container: Container) -> str:
        if container.running:
            return "runs already"
        begun = time.monotonic()
        shell.run(f"docker {'unpause' if container.state == 'paused' else 'start'} {container.id}")
        return f"started{_wait_healthy(shell, container, application, begun)}"

    _each(servers, application, process, work, at_once=True)


def restart(servers: list[Server], application: str, process: str) -> None:
    """One container after the other, each healthy before the next, so that the process goes on serving."""

    def work(shell: ServerShell, container: Container) -> str:
        begun = time.monotonic()
        shell.run(f"docker restart {container.id}")
        return f"restarted{_wait_healthy(shell, container, application, begun)}"

    _each(servers, application, process, work, at_once=False)


def _each(servers: list[Server], application: str, process: str, work, at_once: bool) -> None:
    found: list[Container] = []

    def on_server(shell: ServerShell) -> int:
        here = list_containers(shell, application)
        found.extend(here)
        wanted = chosen(here, process)
        if wanted:
            check_lock(shell, application)
        prefix = f"{shell.name} | " if len(servers) > 1 else ""
        failures: list[DayTwoError] = []

        def one(container: Container) -> None:
            try:
                write(f"{prefix}{container.name} {work(shell, container)}")
            except DayTwoError as error:
                failures.append(error)

        threads = [threading.Thread(target=one, args=(container,)) for container in wanted]
        for thread in threads:
            thread.start()
            if not at_once:
                thread.join()
                if failures:
                    break
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        if failures:
            raise failures[0]
        return len(wanted)

    if at_once:
        counts = [count for _name, count in on_all(servers, on_server)]
    else:
        counts = [count for server in servers for _name, count in on_all([server], on_server)]
    if not any(counts):
        raise nothing_found(host_names(servers), application, process, found)


def _answers(shell: ServerShell, container: Container, application: str) -> bool:
    """Whether a web container accepts connections on the port that the proxy uses; any other need not."""
    if container.process != "web" or container.kind != "process":
        return True
    network = shlex.quote(f'{{{{(index .NetworkSettings.Networks "{application}").IPAddress}}}}')
    connect = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
    script = (
        f"site={STATE}/proxy/sites/{shlex.quote(application)}.caddy; "
        "port=$(sed -n 's/^[[:space:]]*port \\([0-9]*\\)$/\\1/p' $site | head -n 1); "
        f"address=$(docker inspect --format {network} {container.id}); "
        f"python3 -c {shlex.quote(connect)} $address $port 2>/dev/null && echo yes || echo no"
    )
    return shell.run(script).strip() == "yes"


def _wait_healthy(shell: ServerShell, container: Container, application: str, begun: float) -> str:
    """Waits until the container runs, passes its health check, if it has one, and answers; says how long it took."""
    template = shlex.quote("{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}")
    while True:
        status, health = shell.run(f"docker inspect --format {template} {container.id}").split()
        waited = time.monotonic() - begun
        if status == "running" and health in ("healthy", "none") and _answers(shell, container, application):
            return f", {'healthy' if health == 'healthy' else 'runs'} after {waited:.1f} s"
        # The health of a container that was paused is the last one before, until its next check.
        failed = health == "unhealthy" and (container.state != "paused" or waited > PAUSED_SECONDS)
        if failed or status in ("exited", "dead", "restarting") or waited > HEALTHY_SECONDS:
            last = shell.run(f"docker logs --tail 5 {container.id} 2>&1").strip()
            raise DayTwoError(
                f"{shell.name}: {container.name} is {status}, {health} after {waited:.0f} s; its last lines:\n{last}"
            )
        time.sleep(0.5)


def tunnel(servers: list[Server], application: str, service: str, local_port: int, remote_port: int) -> None:
    """Forwards a port of this machine to a data service, until Ctrl-C. The service itself stays unpublished."""
    shell, container = first_container(servers, application, service)
    try:
        if container.kind == "proxy":
            raise DayTwoError("the proxy is published anyway: use the application's address")
        ports = "{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}"
        template = f'{{{{(index .NetworkSettings.Networks "{application}").IPAddress}}}} {ports}'
        address, *ports = shell.run(f"docker inspect --format {shlex.quote(template)} {container.id}").split()
        port = remote_port or _first_port(ports, container.process)
        local = local_port or _free_port(port)
        try:
            with shell.connection.forward_local(local, remote_port=port, remote_host=address):
                write(f"{container.process} on {shell.name} answers at 127.0.0.1:{local} until Ctrl-C.")
                threading.Event().wait()
        except OSError as error:
            raise DayTwoError(
                f"127.0.0.1:{local} cannot be used: {error.strerror or error}; choose another with --local-port"
            ) from None
    finally:
        shell.close()


def _first_port(ports: list[str], service: str) -> int:
    numbers = sorted(int(port.split("/")[0]) for port in ports if port.endswith("/tcp"))
    if not numbers:
        raise DayTwoError(f"the image of {service} names no port: say which with --remote-port")
    return numbers[0]


def _free_port(wanted: int) -> int:
    """The wanted port of this machine, or another one where it is taken."""
    import socket

    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DayTwoError("this machine has no free port")
