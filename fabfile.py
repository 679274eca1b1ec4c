"""Day-two commands of Slipway: `fab --list` shows them, `fab --help logs` one of them.

The inventory is the one that --inventory or SLIPWAY_INVENTORY names, else the only one in inventory/ that is set up.
"""

from __future__ import annotations

from fabric import task
from invoke.context import Context
from invoke.exceptions import Exit

from day_two import certificates as certificate_commands
from day_two import doing, looking
from day_two.inventory import Server, read_environment
from day_two.problem import one_line

INVENTORY = "Inventory folder, such as inventory/production."
APP = "Application; may be left out when the inventory has one."
HOST = "Host of the inventory, or several with commas between; default: all."
PROCESS = "Process (web), one of its containers (web-2), or a service (dbserver)."
COMMON = {"inventory": INVENTORY, "app": APP, "host": HOST}
WITH_PROCESS = {**COMMON, "process": PROCESS}


def _where(inventory: str, app: str, host: str) -> tuple[list[Server], str]:
    environment = read_environment(inventory)
    return environment.choose(host), environment.application(app)


@task(help={**COMMON, "everything": "Stopped containers and those of earlier releases, too."})
@one_line
def ps(_context: Context, everything: bool = False, app: str = "", host: str = "", inventory: str = "") -> None:
    """What runs: processes, data services and the proxy, with release, health and image."""
    looking.ps(*_where(inventory, app, host), everything)


@task(help=COMMON)
@one_line
def images(_context: Context, app: str = "", host: str = "", inventory: str = "") -> None:
    """The releases that are kept for a rollback, with tag, digest, commit and size of their images."""
    looking.images(*_where(inventory, app, host))


@task(
    help={
        **WITH_PROCESS,
        "follow": "Go on as lines come, until Ctrl-C.",
        "number": "Lines of each container (default 50).",
    }
)
@one_line
def logs(
    _context: Context,
    process: str = "",
    follow: bool = False,
    number: int = 50,
    app: str = "",
    host: str = "",
    inventory: str = "",
) -> None:
    """The last log lines of all processes, or of one process, service or the proxy; -f follows, -n says how many."""
    looking.logs(*_where(inventory, app, host), process, follow, number)


@task(
    name="exec",
    positional=["command"],
    help={**WITH_PROCESS, "command": "The command, quoted: fab exec 'venv/bin/flask db current'."},
)
@one_line
def exec_(
    _context: Context, command: str, process: str = "web", app: str = "", host: str = "", inventory: str = ""
) -> None:
    """Run a command in a running container (of web, unless --process names another), with its settings and secrets."""
    _end(doing.execute(*_where(inventory, app, host), process, command))


@task(help=WITH_PROCESS)
@one_line
def console(_context: Context, process: str = "web", app: str = "", host: str = "", inventory: str = "") -> None:
    """A shell in a running container (of web, unless --process names another), with its settings and secrets."""
    _end(doing.console(*_where(inventory, app, host), process))


@task(help=WITH_PROCESS)
@one_line
def stop(_context: Context, process: str = "", app: str = "", host: str = "", inventory: str = "") -> None:
    """Stop all processes, or one; they stay stopped, over a reboot too, until `fab start` or the next release."""
    doing.stop(*_where(inventory, app, host), process)


@task(help=WITH_PROCESS)
@one_line
def start(_context: Context, process: str = "", app: str = "", host: str = "", inventory: str = "") -> None:
    """Start what was stopped, and wait until it is healthy."""
    doing.start(*_where(inventory, app, host), process)


@task(help=WITH_PROCESS)
@one_line
def restart(_context: Context, process: str = "", app: str = "", host: str = "", inventory: str = "") -> None:
    """Restart all processes, or one: container after container, each healthy before the next."""
    doing.restart(*_where(inventory, app, host), process)


@task(help=COMMON)
@one_line
def top(_context: Context, app: str = "", host: str = "", inventory: str = "") -> None:
    """CPU, memory, network and disk use of each container, now."""
    looking.top(*_where(inventory, app, host))


@task(help=COMMON)
@one_line
def df(_context: Context, app: str = "", host: str = "", inventory: str = "") -> None:
    """Disk space: what is free, what images, containers and volumes hold."""
    looking.df(*_where(inventory, app, host))


@task(help=WITH_PROCESS)
@one_line
def env(_context: Context, process: str = "", app: str = "", host: str = "", inventory: str = "") -> None:
    """Names of the settings and secrets that each process and service has; never a value."""
    looking.environment(*_where(inventory, app, host), process)


@task(help=COMMON)
@one_line
def certificates(_context: Context, app: str = "", host: str = "", inventory: str = "") -> None:
    """The certificates that the proxy serves: issuer, end, days left, fingerprint."""
    certificate_commands.certificates(*_where(inventory, app, host))


@task(help={"inventory": INVENTORY, "host": HOST})
@one_line
def authority(_context: Context, host: str = "", inventory: str = "") -> None:
    """The root of the proxy's internal authority, for those who are to trust it: fab authority > root.pem."""
    certificate_commands.authority(read_environment(inventory).choose(host))


@task(
    positional=["service"],
    help={
        **COMMON,
        "service": "Data service, such as dbserver.",
        "local_port": "Port of this machine (default: the service's own, or a free one).",
        "remote_port": "Port of the service (default: the first that its image names).",
    },
)
@one_line
def tunnel(
    _context: Context,
    service: str,
    local_port: int = 0,
    remote_port: int = 0,
    app: str = "",
    host: str = "",
    inventory: str = "",
) -> None:
    """A port of this machine that leads to a data service, through SSH, until Ctrl-C."""
    doing.tunnel(*_where(inventory, app, host), service, local_port, remote_port)


def _end(code: int) -> None:
    if code:
        raise Exit(code=code)
