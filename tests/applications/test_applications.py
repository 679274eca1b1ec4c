"""The applications that other tests deploy do what those tests rely on; no Docker is needed here."""

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
NAMES = ("beacon", "clockwork", "guestbook", "notes")


class Beacon:
    """A beacon in a process of its own."""

    def __init__(self, **environment: str) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        settings = {**os.environ, "PORT": str(self.port), "VERSION": "v7", **environment}
        command = [sys.executable, "-I", "-S", str(HERE / "beacon" / "beacon.py")]
        self.process = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def get(self, path: str, method: str = "GET", body: object = None, **options: object) -> tuple[int, dict]:
        connection = self.connect()
        connection.request(method, path, body, **options)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def wait(self) -> "Beacon":
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                assert time.monotonic() < deadline, "the beacon does not listen"
                time.sleep(0.02)


@contextmanager
def beacon(**environment: str) -> Iterator[Beacon]:
    server = Beacon(**environment)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


@pytest.mark.parametrize("name", NAMES)
def test_inventory_files_are_complete(name):
    data = yaml.safe_load((HERE / name / "app.yml").read_text())
    assert data["image"] == f"{{{{ registry_server }}}}/acme/{name}"
    assert data["build"]["context"] == f"../../tests/applications/{name}"
    assert (HERE / name / "Dockerfile").read_text().startswith("FROM python:3.13-slim\n")


def test_a_good_version_serves_and_says_who_it_is():
    with beacon() as server:
        server.wait()
        status, page = server.get("/")
        assert (status, page["version"]) == (200, "v7")
        assert server.get("/health") == (200, {"status": "ok", "version": "v7"})
        assert server.get("/pid")[1]["pid"] == server.process.pid
        assert server.get("/nothing")[0] == 404


def test_connections_are_kept_open():
    with beacon() as server:
        server.wait()
        connection = server.connect()
        began = time.monotonic()
        for _ in range(100):
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert answer.headers["X-Version"] == "v7"
            answer.read()
        assert time.monotonic() - began < 2
        connection.request("HEAD", "/")
        assert connection.getresponse().read() == b""


def test_slow_answers_and_their_bounds():
    with beacon() as server:
        server.wait()
        began = time.monotonic()
        assert server.get("/slow?seconds=0.5")[0] == 200
        assert 0.5 <= time.monotonic() - began < 2
        for seconds in ("61", "-1", "nan", "many"):
            assert server.get(f"/slow?seconds={seconds}")[0] == 400


@pytest.mark.parametrize("chunked", [False, True])
def test_uploads_arrive_whole(chunked):
    data = os.urandom(300_000)
    body = (data[start : start + 70_000] for start in range(0, len(data), 70_000)) if chunked else data
    with beacon() as server:
        server.wait()
        began = time.monotonic()
        options = {"encode_chunked": True, "headers": {"Transfer-Encoding": "chunked"}} if chunked else {}
        status, found = server.get("/upload?seconds=0.6", "POST", body, **options)
        assert 0.6 <= time.monotonic() - began < 3
        assert status == 200
        assert found["bytes"] == len(data)
        assert found["sha256"] == hashlib.sha256(data).hexdigest()


def test_requests_in_flight_are_answered_after_sigterm():
    with beacon() as server:
        server.wait()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(server.get("/slow?seconds=1")))
        thread.start()
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with pytest.raises(OSError):
            server.get("/")
        thread.join()
        assert answers[0][0] == 200
        assert server.process.wait(5) == 0


@pytest.mark.parametrize(("fault", "status"), [("never-healthy", 503), ("health-404", 404), ("health-redirect", 302)])
def test_versions_that_are_not_healthy(fault, status):
    with beacon(FAULT=fault) as server:
        server.wait()
        assert server.get("/health")[0] == status
        assert server.get("/")[0] == 200


def test_a_version_that_is_healthy_and_wrong():
    with beacon(FAULT="wrong-page") as server:
        server.wait()
        assert server.get("/health")[0] == 200
        assert "version" not in server.get("/")[1]


@pytest.mark.parametrize(("fault", "code", "seconds"), [("exit", 3, 2), ("late-exit", 4, 6)])
def test_versions_that_end_by_themselves(fault, code, seconds):
    with beacon(FAULT=fault) as server:
        assert server.process.wait(seconds) == code
        assert b"this version is made to" in server.process.stderr.read()


def test_a_version_that_does_not_listen():
    with beacon(FAULT="deaf") as server:
        time.sleep(0.5)
        assert server.process.poll() is None
        with pytest.raises(OSError):
            server.get("/")


def test_a_version_that_ignores_sigterm():
    with beacon(FAULT="ignores-sigterm") as server:
        server.wait()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert server.get("/health")[0] == 200


def test_an_unknown_fault_is_told():
    with beacon(FAULT="sulks") as server:
        assert server.process.wait(5) == 1
        assert b"FAULT is 'sulks'" in server.process.stderr.read()


def test_clockwork_finishes_its_job(tmp_path):
    file = tmp_path / "jobs.jsonl"
    settings = {**os.environ, "FILE": str(file), "JOB_SECONDS": "0.3"}
    command = [sys.executable, str(HERE / "clockwork" / "clockwork.py")]
    workers = [subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL) for _ in range(2)]
    try:
        time.sleep(1)
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        assert [worker.wait(5) for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
    events = [json.loads(line) for line in file.read_text().splitlines()]
    begun = [event["job"] for event in events if event["event"] == "begin"]
    ended = [event["job"] for event in events if event["event"] == "end"]
    assert len(begun) >= 4
    assert sorted(begun) == sorted(ended)
