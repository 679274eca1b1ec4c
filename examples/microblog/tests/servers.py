"""Real servers for the tests: those that the environment names, else started here on free loopback ports."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


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


class RedisServer:
    """A Redis of the tests' own, which can be stopped and started."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder]
        self.process = subprocess.Popen([*command, "--appendonly", "yes"], stdout=subprocess.DEVNULL)

        from redis import Redis

        wait_until(lambda: Redis.from_url(self.url).ping(), 10, "Redis answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    if not shutil.which("redis-server"):
        unavailable("redis-server is not installed")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def container(image: str, port: int, environment: dict[str, str]) -> Iterator[str]:
    """Run an image that the local Docker engine has already; yields `host:port`."""
    known = shutil.which("docker") and subprocess.run(["docker", "image", "inspect", image], capture_output=True)
    if not known or known.returncode:
        unavailable(f"the local Docker engine has no image {image}")
    settings = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    command = ["docker", "run", "--detach", "--rm", "--publish", f"127.0.0.1::{port}", *settings, image]
    identity = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        address = subprocess.run(["docker", "port", identity, str(port)], check=True, capture_output=True, text=True)
        yield address.stdout.splitlines()[0]
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", identity], check=True, capture_output=True)
