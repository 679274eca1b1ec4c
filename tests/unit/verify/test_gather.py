"""The parts of the gatherer that need no server: searching for secrets, Redis's protocol, what all can read."""

from __future__ import annotations

import ast
import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import collector
import pytest
from gather import data, leaks, network, system

SECRETS = {"KEY": ["s3cr3t-value"], "URL": ["mysql://u:pass%40word@db/x", "pass%40word", "pass@word"], "PIN": ["1234"]}


def _container(name, *environment):
    return {"Name": f"/{name}", "Config": {"Env": list(environment)}}


def test_a_secret_is_found_wherever_it_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "ROOT", tmp_path)
    tmp_path.chmod(0o755)
    (tmp_path / "note").write_text("the key is s3cr3t-value", encoding="utf-8")
    (tmp_path / "note").chmod(0o644)
    inspections = [_container("web-1", "A=1"), _container("web-2", "PASSWORD=pass@word")]
    found = leaks.search(SECRETS, inspections, [("process 7 (client)", ["/usr/bin/client", "--password", "pass@word"])])
    assert found["inspect"] == {"URL": ["web-2"]}
    assert found["arguments"] == {"URL": ["process 7 (client)"]}
    assert found["files"] == {"KEY": [str(tmp_path / "note")]}


def test_no_value_is_in_what_is_told():
    found = leaks.search(SECRETS, [_container("web-1", "KEY=s3cr3t-value")], [("process 7 (x)", ["x", "pass@word"])])
    text = json.dumps(found)
    assert not any(value in text for values in SECRETS.values() for value in values)


def test_a_short_value_is_not_searched_for_and_that_is_told():
    found = leaks.search(SECRETS, [_container("web-1", "PORT=1234")], [])
    assert found["short"] == ["PIN"]
    assert found["inspect"] == {}


def test_only_files_that_others_can_reach_and_read_count(tmp_path):
    for name, mode, folder in (("open", 0o644, 0o755), ("closed", 0o600, 0o755), ("hidden", 0o444, 0o700)):
        inner = tmp_path / f"in-{name}"
        inner.mkdir()
        (inner / name).write_text("x", encoding="utf-8")
        (inner / name).chmod(mode)
        inner.chmod(folder)
    tmp_path.chmod(0o755)
    assert [path.name for path in system.world_readable(tmp_path)] == ["open"]


def test_a_folder_that_cannot_be_listed_hides_nothing(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "file").chmod(0o644)
    tmp_path.chmod(0o711)
    assert [path.name for path in system.world_readable(tmp_path)] == ["file"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"+OK\r\n", "OK"),
        (b":1\r\n", "1"),
        (b"$5\r\nhello\r\n", "hello"),
        (b"$-1\r\n", ""),
        (b"-NOAUTH no\r\n", "-NOAUTH no"),
    ],
)
def test_replies_of_redis_are_read(raw, text):
    assert data._reply(io.BytesIO(raw)) == text


def test_a_closed_connection_is_no_reply():
    with pytest.raises(OSError, match="closed"):
        data._reply(io.BytesIO(b""))


def test_a_connection_that_nothing_accepts_has_a_reason():
    assert network.reach("127.0.0.1", 1)


@pytest.fixture
def name_server(monkeypatch):
    """A name server on the loopback that answers one question with `answers` (names compressed, as Docker's does)."""

    def start(answers: list[bytes]) -> threading.Thread:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr(network, "DOCKER_DNS", server.getsockname())

        def answer() -> None:
            with server:
                query, client = server.recvfrom(512)
                head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(answers), 0, 0)
                server.sendto(head + query[12:] + b"".join(answers), client)

        thread = threading.Thread(target=answer)
        thread.start()
        return thread

    return start


def _record(kind: int, data: bytes) -> bytes:
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 600, len(data)) + data


def test_addresses_of_a_name_are_read_and_other_records_are_not(name_server):
    thread = name_server(
        [_record(1, bytes([172, 17, 2, 9])), _record(28, bytes(16)), _record(1, bytes([172, 17, 2, 10]))]
    )
    assert network.resolve("shop-r3-web") == ["172.17.2.10", "172.17.2.9"]
    thread.join()


def test_a_name_that_nobody_knows_has_no_address(name_server):
    thread = name_server([])
    assert network.resolve("nobody") == []
    thread.join()


@pytest.mark.parametrize(("port", "connections"), [(3306, 0), (5432, 0), (6379, 1)])
def test_a_database_that_counts_failed_logins_is_not_connected_to(port, connections, monkeypatch):
    tried = []
    monkeypatch.setattr(network, "in_network_of", lambda _process, work: work())
    monkeypatch.setattr(network, "resolve", lambda _name: ["192.0.2.1"])
    monkeypatch.setattr(network, "reach", lambda *where: tried.append(where) or "")
    found = network.look_around({"HostConfig": {}, "State": {"Pid": 1}}, {"store": port})
    assert found == {"store": {"addresses": ["192.0.2.1"], "error": ""}}
    assert len(tried) == connections


def test_a_service_on_another_host_is_sought_at_its_address(monkeypatch):
    monkeypatch.setattr(network, "in_network_of", lambda _process, work: work())
    monkeypatch.setattr(network, "reach", lambda address, port: f"{address}:{port} is away")
    container = {"HostConfig": {"ExtraHosts": ["queue:198.51.100.7"]}, "State": {"Pid": 1}}
    found = network.look_around(container, {"queue": 6379})
    assert found == {"queue": {"addresses": ["198.51.100.7"], "error": "198.51.100.7:6379 is away"}}


def test_this_process_is_not_among_the_searched_ones():
    numbers = {int(name.split()[1]) for name, _arguments in system.processes()}
    assert os.getpid() not in numbers
    assert os.getppid() in numbers


def test_a_process_is_told_by_its_program_whatever_it_calls_itself():
    """The first argument is the process's own to choose, so it may hold a secret."""
    command = ["s3cr3t-value", "-c", "echo here; read line"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, executable="/bin/sh", **pipes) as process:
        process.stdout.readline()  # A program that has only just begun has no arguments yet.
        found = [each for each in system.processes() if each[0].startswith(f"process {process.pid} ")]
        process.stdin.close()
    assert "s3cr3t" not in found[0][0]
    assert found[0][1][0] == "s3cr3t-value"


def test_the_program_runs_alone_and_asks_an_engine_that_may_be_away(tmp_path):
    """Sent as one argument and run by a bare interpreter, as on a server; without an engine it says so."""
    request = {"application": "shop", "release": 0, "packages": [], "units": [], "domains": []}
    request |= {"hardening": {}, "certificates": []}
    program = collector.program(request).replace("sys.modules", "sys.modules", 1)
    assert len(program) < 100_000  # One argument holds 128 KiB (execve(2)).
    start = "import socket; socket.socket.connect = lambda *_: (_ for _ in ()).throw(OSError('no engine'))\n"
    result = subprocess.run([sys.executable, "-I", "-c", start + program], capture_output=True, text=True, check=True)

    class Host:
        @staticmethod
        def run(*_words):
            return type("Result", (), {"rc": 0, "stdout": result.stdout, "stderr": ""})

    facts = collector.gather(Host, request)
    assert facts["engine_error"] == "the Docker engine does not answer: no engine"


@pytest.mark.parametrize(
    "path", sorted((Path(collector.__file__).parent / "gather").glob("*.py")), ids=lambda path: path.name
)
def test_what_runs_on_servers_is_python_3_9(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_a_host_that_ssh_cannot_reach_is_told_in_a_line():
    class Away:
        @staticmethod
        def run(*_words):
            raise RuntimeError(type("Result", (), {"stderr": "@@@@\nHost key verification failed.\n"})())

    with pytest.raises(collector.GatherError, match=r"^the host cannot be reached: Host key verification failed\.$"):
        collector.gather(Away, {})
