"""When a container is ready, and when waiting is of no use: against real servers and sockets of this process."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils import readiness
from ansible_collections.slipway.vps.plugins.module_utils.docker_engine import Container
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.readiness import (
    HealthCheck,
    Readiness,
    ask,
    established_connections,
    listening_ports,
)


class Handler(BaseHTTPRequestHandler):
    """Answers the status that stands in the path; remembers what it was asked."""

    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.seen.append((self.path, dict(self.headers)))
        self.send_response(int(self.path.rpartition("/")[2]))
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def check(port: int, path: str = "/health/200", seconds: float = 30) -> HealthCheck:
    return HealthCheck("shop", port, path, "shop.example.com", seconds)


def container(**changes: object) -> Container:
    values = {
        "id": "c1",
        "name": "shop-r1-web-1",
        "process": "web",
        "service": "",
        "release": 1,
        "image": "shop",
        "status": "running",
        "health": "",
        "exit_code": 0,
        "restarts": 0,
        "pid": os.getpid(),
        "started": "",
        "stop_signal": "SIGTERM",
        "stop_seconds": 10,
        "addresses": {"shop": "127.0.0.1"},
        "config": "",
    }
    return Container(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the engine know these containers, and their last log line."""

    def know(*found: Container) -> None:
        monkeypatch.setattr(readiness, "inspect_containers", lambda ids: [each for each in found if each.id in ids])
        monkeypatch.setattr(readiness, "logs", lambda each: f"the last line of {each.name}")

    return know


def test_the_health_path_is_asked_as_the_proxy_asks(server: ThreadingHTTPServer) -> None:
    assert ask("127.0.0.1", check(server.server_port)) == 200
    path, headers = Handler.seen[0]
    assert path == "/health/200"
    assert headers["Host"] == "shop.example.com" and headers["X-Forwarded-Proto"] == "https"


def test_nobody_there_is_status_0(server: ThreadingHTTPServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert ask("127.0.0.1", check(free.getsockname()[1])) == 0
    # A container that has just left the network has no address.
    assert ask("", check(server.server_port)) == 0


def test_something_that_is_no_web_server_is_status_0() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection = listener.accept()[0]
            connection.sendall(b"220 smtp.example.com ESMTP\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        assert ask("127.0.0.1", check(listener.getsockname()[1])) == 0
        thread.join()


def test_a_web_container_is_ready_when_it_answers(server: ThreadingHTTPServer, docker: Callable[..., None]) -> None:
    docker(container())
    assert Readiness(check(server.server_port), time.time()).wait(["c1"], 0) == []


@pytest.mark.parametrize("status", [500, 503])
def test_an_application_that_is_not_ready_is_waited_for(
    server: ThreadingHTTPServer, docker: Callable[..., None], status: int
) -> None:
    docker(container())
    waiting = Readiness(check(server.server_port, f"/{status}"), time.time()).wait(["c1"], 0.25)
    assert waiting == ["shop-r1-web-1"] and len(Handler.seen) >= 2


def test_it_is_ready_as_soon_as_it_answers(docker: Callable[..., None]) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    Handler.seen = []
    docker(container())
    late: list[ThreadingHTTPServer] = []

    def start() -> None:
        late.append(ThreadingHTTPServer(("127.0.0.1", port), Handler))
        late[0].serve_forever(poll_interval=0.02)

    timer = threading.Timer(0.3, start)
    timer.start()
    begun = time.monotonic()
    assert Readiness(check(port), time.time()).wait(["c1"], 10) == []
    assert 0.2 < time.monotonic() - begun < 8
    late[0].shutdown()
    late[0].server_close()
    timer.join()


@pytest.mark.parametrize(("status", "kind"), [(404, "an error"), (302, "a redirect"), (403, "an error")])
def test_an_answer_that_no_waiting_changes(
    server: ThreadingHTTPServer, docker: Callable[..., None], status: int, kind: str
) -> None:
    docker(container())
    patient = Readiness(check(server.server_port, f"/{status}"), time.time())
    assert patient.wait(["c1"], 0) == ["shop-r1-web-1"], "it may answer so for a moment while it starts"
    with pytest.raises(OperationError) as caught:
        Readiness(check(server.server_port, f"/{status}"), time.time() - 5).wait(["c1"], 10)
    assert f"answers {status} ({kind}) on the health path /{status}; it must answer 200" in caught.value.message
    assert caught.value.log == "the last line of shop-r1-web-1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"status": "exited", "exit_code": 3}, "shop-r1-web-1 exited with code 3 right after its start"),
        ({"restarts": 2, "exit_code": 1}, "shop-r1-web-1 exited with code 1 right after its start"),
        ({"health": "unhealthy"}, "shop-r1-web-1 is unhealthy by its own health check"),
    ],
)
def test_a_container_that_failed(docker: Callable[..., None], changes: dict[str, object], message: str) -> None:
    docker(container(**changes))
    with pytest.raises(OperationError) as caught:
        Readiness(check(1), time.time()).wait(["c1"], 10)
    assert caught.value.message == message and caught.value.log


def test_a_container_that_was_removed(docker: Callable[..., None]) -> None:
    docker()
    with pytest.raises(OperationError, match="was removed while it started"):
        Readiness(None, time.time()).wait(["c1"], 0)


def test_the_wrong_port_is_told_with_the_right_one(server: ThreadingHTTPServer, docker: Callable[..., None]) -> None:
    docker(container())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        wrong = free.getsockname()[1]
        with pytest.raises(OperationError) as caught:
            Readiness(check(wrong, seconds=0.1), time.time() - 1).wait(["c1"], 10)
    message = caught.value.message
    assert message.startswith(f"nothing listens on port {wrong} of shop-r1-web-1 after 0 s (it listens on ")
    assert str(server.server_port) in message and message.endswith("check `port:`")


def test_a_status_that_stays_wrong_is_told_at_the_end(server: ThreadingHTTPServer, docker: Callable[..., None]) -> None:
    docker(container())
    with pytest.raises(OperationError, match="still answers 503 on /503 after 1 s"):
        Readiness(check(server.server_port, "/503", seconds=1), time.time() - 2).wait(["c1"], 10)


def test_a_health_check_of_its_own_that_never_ends_is_told_as_such(docker: Callable[..., None]) -> None:
    docker(container(health="starting"))
    with pytest.raises(OperationError, match=r"shop-r1-web-1 is still starting by its own health check after 1 s"):
        Readiness(check(1, seconds=1), time.time() - 2).wait(["c1"], 10)


def test_a_port_without_http_behind_it_is_told_as_such(docker: Callable[..., None]) -> None:
    docker(container())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        docker(container(addresses={"shop": "127.0.0.2"}))
        with pytest.raises(OperationError, match=f"listens on port {port} and gives no answer to GET /health/200"):
            Readiness(check(port, seconds=1), time.time() - 2).wait(["c1"], 10)


def test_a_worker_is_ready_when_it_has_stayed_up(docker: Callable[..., None]) -> None:
    docker(container(process="worker"))
    assert Readiness(None, time.time()).wait(["c1"], 0) == ["shop-r1-web-1"]
    assert Readiness(None, time.time() - 2).wait(["c1"], 0) == []


def test_a_worker_with_a_health_check_is_ready_when_that_says_so(docker: Callable[..., None]) -> None:
    docker(container(process="worker", health="starting"))
    assert Readiness(None, time.time() - 2).wait(["c1"], 0) == ["shop-r1-web-1"]
    docker(container(process="worker", health="healthy"))
    assert Readiness(None, time.time()).wait(["c1"], 0) == []


def test_ports_and_connections_are_read_from_the_kernel() -> None:
    own = os.getpid()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert port in listening_ports(own) and established_connections(own, port) == 0
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        served = [listener.accept()[0] for _ in clients]
        assert established_connections(own, port) == 3
        for connection in [*clients, *served]:
            connection.close()
    assert port not in listening_ports(own) and established_connections(own, port) == 0


def test_ipv6_counts_as_well(ipv6: None) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("::1", port)):
            assert port in listening_ports(os.getpid()) and established_connections(os.getpid(), port) == 1


def test_docker_s_own_name_server_is_no_port_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It listens on 127.0.0.11 in each container's network namespace, on a port of any number."""
    own = "   0: 0B00007F:9C4F 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1"
    web = "   1: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 2 1"
    (tmp_path / "7/net").mkdir(parents=True)
    (tmp_path / "7/net/tcp").write_text(f"  sl  local_address\n{own}\n{web}\n")
    monkeypatch.setattr(readiness, "PROC", tmp_path)
    assert listening_ports(7) == [5000]


def test_a_process_that_is_gone_has_no_sockets() -> None:
    assert listening_ports(2**22 + 1) == [] and established_connections(2**22 + 1, 80) == 0


def test_a_worker_of_a_release_that_comes_back_is_believed_sooner(docker: Callable[..., None]) -> None:
    docker(container(process="worker"))
    just_now = time.time() - readiness.PROVEN_WORKER_SECONDS
    assert Readiness(None, just_now).wait(["c1"], 0) == ["shop-r1-web-1"]
    assert Readiness(None, just_now, worker_seconds=readiness.PROVEN_WORKER_SECONDS).wait(["c1"], 0) == []
