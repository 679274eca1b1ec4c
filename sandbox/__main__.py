"""python -m sandbox: the commands."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

import docker
import requests

from sandbox import engine, lifecycle, logs, names, servers, status
from sandbox.errors import SandboxError
from sandbox.progress import Report

INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(
        prog="python -m sandbox", description="A laptop-sized internet with bare servers in it."
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="command")
    up = commands.add_parser("up", help="bring it up; what is up already is left alone")
    up.add_argument(
        "servers",
        nargs="*",
        metavar="server",
        help=f"default: {' '.join(names.DEFAULT_SERVERS)}; up to vps-{names.LAST_SERVER}, and {names.SERVERS[-1]}",
    )
    up.add_argument("--replace", action="store_true", help="take the place of another checkout's running sandbox")
    up.add_argument(
        "--stand-ins", action="store_true", help="build images from sandbox/images even where Docker Hub can be reached"
    )
    up.add_argument(
        "--cloud", action="store_true", help="with cloud.sandbox: the APIs of three clouds, whose servers are real"
    )
    down = commands.add_parser("down", help="remove its containers, volumes and network")
    down.add_argument("--images", action="store_true", help="and the images that were built for it")
    commands.add_parser("status", help="what runs, and where it answers; exit code 1 unless all of it runs")
    reset = commands.add_parser("reset", help="make servers bare again (same address and host key)")
    reset.add_argument("servers", nargs="+", metavar="server")
    shell = commands.add_parser(
        "shell", help="a root shell on a server, by ssh: as root while it is bare, then as the operator with sudo"
    )
    shell.add_argument("server")
    shell.add_argument("arguments", nargs=argparse.REMAINDER, metavar="command", help="run this instead of a shell")
    shown = commands.add_parser("logs", help="the last log lines of a server (its journal) or a service")
    shown.add_argument("name", nargs="?", help="a server, or dns, registry, hub, packages, acme, cloud; default: all")
    shown.add_argument("-f", "--follow", action="store_true")
    shown.add_argument("-n", "--lines", type=int, default=100)
    return root


def run(arguments: argparse.Namespace) -> int:
    """Carry out a command; its exit code."""
    report = Report()
    if arguments.command == "shell":
        command = servers.shell(names.server(arguments.server), arguments.arguments)
        os.execvp(command[0], command)
    chosen = [names.server(name) for name in getattr(arguments, "servers", None) or names.DEFAULT_SERVERS]
    client = engine.connect(report, start=arguments.command == "up")
    if arguments.command == "status":
        return 0 if status.show(client, report.console) else 1
    if arguments.command == "logs":
        return logs.show(client, arguments.name, arguments.lines, arguments.follow)
    started = time.monotonic()
    with lifecycle.locked(report, shared=arguments.command == "reset"):
        if arguments.command == "up":
            lifecycle.up(client, report, chosen, arguments.replace, arguments.stand_ins, arguments.cloud)
            report.say(f"the sandbox is up: {time.monotonic() - started:.1f} s")
        elif arguments.command == "reset":
            for server in chosen:
                lifecycle.reset(client, report, server)
        elif arguments.command == "down":
            lifecycle.down(client, report, arguments.images)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point: errors that a person can act on are one line, without a traceback."""
    arguments = parser().parse_args(argv)
    try:
        return run(arguments)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
    except docker.errors.DockerException as error:
        print(f"sandbox: the Docker engine refused: {getattr(error, 'explanation', None) or error}", file=sys.stderr)
    except requests.RequestException as error:
        print(f"sandbox: the Docker engine went away: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nsandbox: interrupted; the same command goes on where this one stopped", file=sys.stderr)
        # Threads that wait for the engine would hold the process.
        os._exit(INTERRUPTED)
    return 1


if __name__ == "__main__":
    sys.exit(main())
