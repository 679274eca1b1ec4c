"""When is a started container ready?

The web answers its health path, a worker stays up, and both keep Docker's health check.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from .docker_engine import Container, inspect_containers, logs, wrong_format
from .problem import OperationError

POLL_SECONDS = 0.1
NEXT_END_SECONDS = 3.0
PROC = Path("/proc")
# 127.0.0.11 as the kernel prints it: in each container's network namespace Docker itself listens there.
DOCKER_NAME_SERVER = "0B00007F:"
# A process without a health check is ready when it has stayed up so long; one of a release that comes back has done so
# before, so what is left to see is that it starts.
WORKER_SECONDS = 1.0
PROVEN_WORKER_SECONDS = 0.3
# An application that is still starting may answer 404 for a moment; one that goes on doing so has no such page.
WRONG_ANSWER_SECONDS = 3.0


@dataclass(frozen=True)
class HealthCheck:
    """How the web containers are asked: GET http://<address>:<port><path> with `host` as its Host header.

    They have `seconds` to become healthy.
    """

    network: str
    port: int
    path: str
    host: str
    seconds: float


def ask(address: str, check: HealthCheck) -> int:
    """The HTTP status of the health path, 0 when nothing answers."""
    import http.client  # a third of all that a step imports, and one step alone needs it

    connection = http.client.HTTPConnection(address, check.port, timeout=5)
    try:
        # The proxy in front speaks HTTPS: an application that redirects plain HTTP is to answer as it will there.
        connection.request(
            "GET",
            check.path,
            headers={"Host": check.host, "X-Forwarded-Proto": "https", "User-Agent": "slipway-health"},
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Readiness:
    """Waits for the containers of a release, in slices, so that the person at the terminal sees how far it is."""

    def __init__(
        self,
        check: HealthCheck | None,
        begun: float,
        restarts: dict[str, int] | None = None,
        worker_seconds: float = WORKER_SECONDS,
    ) -> None:
        """`begun` is when the start began; `restarts` how often each container had been restarted before that;
        `worker_seconds` how long a process without a health check has to stay up.
        """
        self.check = check
        self.begun = begun
        self.restarts = restarts or {}
        self.worker_seconds = worker_seconds
        self.statuses: dict[str, int] = {}

    def wait(self, ids: list[str], patience: float) -> list[str]:
        """Names of the containers that are not ready after `patience` seconds (none: all are).

        Raises OperationError when one cannot become so.
        """
        end = time.monotonic() + patience
        while True:
            found = inspect_containers(ids)
            if len(found) < len(ids):
                raise OperationError("a container of this release was removed while it started; deploy again")
            waiting = [container for container in found if not self._ready(container)]
            if not waiting:
                return []
            for container in waiting:
                self._give_up(container)
            if time.monotonic() >= end:
                return [container.name for container in waiting]
            time.sleep(POLL_SECONDS)

    def _ready(self, container: Container) -> bool:
        if not container.running or self._restarted(container) or container.health not in ("", "healthy"):
            return False
        if container.process == "web" and self.check:
            self.statuses[container.id] = ask(container.addresses.get(self.check.network, ""), self.check)
            return 200 <= self.statuses[container.id] < 300
        return bool(container.health) or time.time() - self.begun >= self.worker_seconds

    def _restarted(self, container: Container) -> bool:
        return container.restarts > self.restarts.get(container.id, 0)

    def _give_up(self, container: Container) -> None:
        """Raises OperationError when waiting is of no use."""
        if container.status == "exited" or self._restarted(container):
            code, log = _exit_code(container), logs(container)
            why = wrong_format(container, log)
            raise OperationError(f"{container.name} exited with code {code} right after its start{why}", log)
        if container.health == "unhealthy":
            raise OperationError(f"{container.name} is unhealthy by its own health check", logs(container))
        seconds = time.time() - self.begun
        status = self.statuses.get(container.id, 0)
        if self.check and 300 <= status < 500 and seconds > WRONG_ANSWER_SECONDS:
            kind = "a redirect" if status < 400 else "an error"
            raise OperationError(
                f"{container.name} answers {status} ({kind}) on the health path {self.check.path}; it must answer 200: "
                "set `health:` to a path that does",
                logs(container),
            )
        limit = self.check.seconds if self.check else 60.0
        if seconds > limit:
            raise OperationError(self._timeout(container, status, limit), logs(container))

    def _timeout(self, container: Container, status: int, limit: float) -> str:
        if container.process != "web" or not self.check:
            return f"{container.name} did not become healthy within {limit:.0f} s"
        if status:
            return f"{container.name} still answers {status} on {self.check.path} after {limit:.0f} s"
        if container.health not in ("", "healthy"):
            return f"{container.name} is still {container.health} by its own health check after {limit:.0f} s"
        listening = listening_ports(container.pid)
        if self.check.port in listening:
            return (
                f"{container.name} listens on port {self.check.port} and gives no answer to GET {self.check.path} "
                f"within {limit:.0f} s: it must speak HTTP there, and listen on 0.0.0.0, not on 127.0.0.1 alone"
            )
        ports = ", ".join(map(str, listening)) or "no port"
        return (
            f"nothing listens on port {self.check.port} of {container.name} after {limit:.0f} s (it listens on"
            f" {ports}): check `port:`"
        )


def _exit_code(container: Container) -> int:
    """The code with which the container ended; while it runs again, Docker shows 0, so its next end is waited for."""
    end = time.monotonic() + NEXT_END_SECONDS
    while container.running and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        container = (inspect_containers([container.id]) or [container])[0]
    return container.exit_code


def _sockets(pid: int) -> list[tuple[int, str]]:
    """(local port, state) of each TCP socket in a container's network namespace, from /proc (proc(5), net/tcp)."""
    rows = []
    for name in ("tcp", "tcp6"):
        try:
            lines = (PROC / str(pid) / "net" / name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            address, state = line.split()[1:4:2]
            if not address.startswith(DOCKER_NAME_SERVER):
                rows.append((int(address.rpartition(":")[2], 16), state))
    return rows


def listening_ports(pid: int) -> list[int]:
    return sorted({port for port, state in _sockets(pid) if state == "0A"})


def established_connections(pid: int, port: int) -> int:
    """How many TCP connections to `port` are open: requests in flight, once the proxy's idle ones have gone."""
    return sum(1 for local, state in _sockets(pid) if local == port and state == "01")
