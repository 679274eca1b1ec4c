"""Which containers a command is about, and what stops it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from day_two import containers
from day_two.looking import _logs_script
from day_two.problem import DayTwoError

LINES = [
    "a" * 64 + "\tshop-r3-web-1\trunning\tUp 1 minute\t3\tweb\tweb\t1\tshop@sha256:1",
    "b" * 64 + "\tshop-r3-web-2\trunning\tUp 1 minute\t3\tweb\tweb\t2\tshop@sha256:1",
    "c" * 64 + "\tshop-r3-migrate-1\texited\tExited (0)\t3\tmigrate\tmigrate\t1\tshop@sha256:1",
    "d" * 64 + "\tshop-r2-web-1\texited\tExited (0)\t2\tweb\tweb\t1\tshop@sha256:0",
    "e" * 64 + "\tshop-services-db-1\trunning\tUp 2 hours\t\t\tdb\t1\tmariadb:11.8",
    "f" * 64 + "\tslipway-proxy\trunning\tUp 2 hours\t\t\tproxy\t1\tcaddy:2.11",
]


class Shell:
    """A server whose answers are given."""

    name = "one"

    def __init__(self, output: str) -> None:
        self.output = output

    def run(self, _command: str, check: bool = True) -> str:
        return self.output


@pytest.fixture
def found():
    return containers.list_containers(Shell("\n".join(["releases/3", *LINES])), "shop")


def test_the_live_release_comes_first_and_is_told_from_others(found):
    assert [each.label for each in found if each.live] == ["web-1", "web-2", "proxy", "db"]
    assert {each.name for each in found if not each.live} == {"shop-r3-migrate-1", "shop-r2-web-1"}


@pytest.mark.parametrize(
    ("process", "names"),
    [
        ("", ["shop-r3-web-1", "shop-r3-web-2"]),
        ("web", ["shop-r3-web-1", "shop-r3-web-2"]),
        ("web-2", ["shop-r3-web-2"]),
        ("db", ["shop-services-db-1"]),
        ("proxy", ["slipway-proxy"]),
        ("shop-r3-web-1", ["shop-r3-web-1"]),
        ("shop-r2-web-1", []),
        ("migrate", []),
    ],
)
def test_a_process_a_service_or_one_container_can_be_named(found, process, names):
    assert [each.name for each in containers.chosen(found, process)] == names


def test_a_name_that_meets_nothing_says_what_there_is(found):
    error = containers.nothing_found("one", "shop", "wbe", found)
    assert str(error) == "one: shop has no live container of wbe; it has: db, proxy, web"


def test_a_server_without_the_application_says_how_to_deploy():
    assert "playbooks/deploy.yml" in str(containers.nothing_found("one", "shop", "", []))


def test_a_held_lock_stops_a_command_and_an_expired_one_does_not():
    def shell(expires: float) -> Shell:
        facts = f"owner=me@here\npurpose=deploy of release 4\nexpires=2026-01-01T00:00:00Z\nexpires_at={expires:.0f}\n"
        return Shell(facts + f"now={time.time():.0f}\n")

    containers.check_lock(Shell(""), "shop")
    containers.check_lock(shell(time.time() - 60), "shop")
    with pytest.raises(DayTwoError, match=r"me@here \(deploy of release 4\) holds the lock until"):
        containers.check_lock(shell(time.time() + 60), "shop")


def test_the_lock_file_is_read_by_the_script_that_servers_run(tmp_path, monkeypatch):
    """The real script on a real lock file, in a real shell."""
    from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import DeployLock

    monkeypatch.setattr(containers, "STATE", str(tmp_path))
    (tmp_path / "shop").mkdir()

    class Local:
        name = "one"

        @staticmethod
        def run(command: str, check: bool = True) -> str:
            return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout

    containers.check_lock(Local, "shop")
    DeployLock(tmp_path / "shop" / "lock", "token", 300).take("me@here", "deploy of release 4")
    with pytest.raises(DayTwoError, match=r"me@here \(deploy of release 4\) holds the lock until 20"):
        containers.check_lock(Local, "shop")


FAKE_DOCKER = """#!/bin/sh
for last; do :; done
echo "from $last"
case " $* " in *" --follow "*) echo "$$" >>"$PIDS"; exec sleep 30;; esac
"""


@pytest.fixture
def docker(tmp_path):
    """A `docker` that prints a line and, when it follows, stays."""
    program = tmp_path / "docker"
    program.write_text(FAKE_DOCKER, encoding="utf-8")
    program.chmod(0o755)
    pids = tmp_path / "pids"
    pids.touch()
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "PIDS": str(pids)}


def test_logs_of_several_containers_have_their_name_in_front(found, docker):
    script = _logs_script(containers.chosen(found, ""), "", False, 5)
    result = subprocess.run(["sh", "-c", script], env=docker, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == [f"web-1 | from {'a' * 12}", f"web-2 | from {'b' * 12}"]


def test_logs_of_one_container_are_as_they_are(found, docker):
    script = _logs_script(containers.chosen(found, "db"), "", False, 5)
    result = subprocess.run(["sh", "-c", script], env=docker, capture_output=True, text=True, check=True)
    assert result.stdout == f"from {'e' * 12}\n"


def test_following_ends_on_the_server_when_this_side_has_gone(found, docker):
    script = _logs_script(containers.chosen(found, "web"), "one ", True, 5)
    process = subprocess.Popen(
        ["sh", "-c", script],
        env=docker,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    lines = sorted(process.stdout.readline() for _number in range(2))
    assert lines == [f"one web-1 | from {'a' * 12}\n", f"one web-2 | from {'b' * 12}\n"]
    process.stdin.close()
    process.wait(timeout=5)
    followers = Path(docker["PIDS"]).read_text(encoding="ascii").split()
    assert len(followers) == 2
    deadline = time.monotonic() + 10
    while any(map(runs, followers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(runs, followers))


def runs(process: str) -> bool:
    """Whether a process has not ended; where nothing collects orphans, one that has is a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
