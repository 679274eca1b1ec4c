"""Real servers for the tests: those that the environment names, else started here on free loopback ports."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

REDIS = "redis:8"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(check: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until `check` returns something true and raises nothing.

    :raises TimeoutError: it did not within `seconds`; the message says what was waited for.
    """
    deadline = time.monotonic() + seconds
    reason: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if check():
                return
        except Exception as error:
            reason = error
        time.sleep(0.05)
    raise TimeoutError(f"{what}: not within {seconds} s ({reason!r})")


def unavailable(what: str) -> None:
    """Skip the test, or fail it where the environment says that every server has to be there."""
    if os.environ.get("TESTS_NEED_SERVERS") == "1":
        pytest.fail(what)
    pytest.skip(what)


def docker(*arguments: str) -> str:
    """Run a docker command and return what it prints."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def expect_image(image: str) -> None:
    """Skip the test unless the local Docker engine has the image already."""
    known = shutil.which("docker") and subprocess.run(["docker", "image", "inspect", image], capture_output=True)
    if not known or known.returncode:
        unavailable(f"the local Docker engine has no image {image}")


class RedisServer:
    """A Redis of the tests' own, which can be stopped and started; it keeps what it has been told."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        self.container = docker(
            "create", "--publish", f"127.0.0.1:{port}:6379", REDIS, "redis-server", "--appendonly", "yes"
        )

    def start(self) -> None:
        docker("start", self.container)

        from redis import Redis

        wait_until(lambda: Redis.from_url(self.url).ping(), 10, "Redis answers")

    def stop(self) -> None:
        docker("stop", self.container)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    expect_image(REDIS)
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        docker("rm", "--force", "--volumes", server.container)


@contextmanager
def container(image: str, port: int, environment: dict[str, str]) -> Iterator[str]:
    """Run an image that the local Docker engine has already; yields `host:port`."""
    expect_image(image)
    settings = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    identity = docker("run", "--detach", "--rm", "--publish", f"127.0.0.1::{port}", *settings, image)
    try:
        yield docker("port", identity, str(port)).splitlines()[0]
    finally:
        docker("rm", "--force", "--volumes", identity)
