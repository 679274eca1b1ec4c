"""An error that a person reads in one line: what, where, what to do."""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable
from typing import Any

import paramiko
from invoke.exceptions import Exit


class DayTwoError(Exception):
    """A command cannot be carried out."""


def one_line(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command, ending with one line and exit code 1 where it cannot do its work; Ctrl-C ends it without a word."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except KeyboardInterrupt:
            raise Exit(code=130) from None
        except DayTwoError as error:
            raise Exit(f"fab {command.__name__.strip('_')}: {error}", code=1) from None

    return run


def connection_problem(host: str, where: str, error: Exception) -> DayTwoError:
    """Why a host cannot be reached, and what to do about it."""
    text = str(error) or type(error).__name__
    if isinstance(error, paramiko.BadHostKeyException):
        text = "its host key is not the one in the inventory's known_hosts; find out why before you change that file"
    elif isinstance(error, paramiko.AuthenticationException):
        text = "it refuses the key: check ansible_user and ansible_ssh_private_key_file"
    elif isinstance(error, paramiko.SSHException) and "not found in known_hosts" in text:
        text = (
            "its host key is not in the inventory's known_hosts: add it once you have compared it with the server's own"
        )
    elif isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        text = "nothing listens on its SSH port: check ansible_host and ansible_port"
    elif isinstance(error, TimeoutError):
        text = "no answer: check ansible_host, and that the server runs"
    elif isinstance(error, socket.gaierror):
        text = "its name has no address: check ansible_host"
    elif isinstance(error, FileNotFoundError):
        text = f"{error.filename} is missing: check ansible_ssh_private_key_file"
    return DayTwoError(f"{host} ({where}) cannot be reached: {text}")
