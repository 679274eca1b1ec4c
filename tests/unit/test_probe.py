"""The probe's script runs for real, in the shells that servers have; its reader copes with what a crash leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.files import FormatError
from ansible_collections.slipway.vps.plugins.module_utils.host_state import ApplicationState
from ansible_collections.slipway.vps.plugins.module_utils.probe import Probe, probe_script, read_probe

from tests.unit.shells import SHELLS

# What the script may use: POSIX utilities that Debian and Ubuntu call essential.
TOOLS = (
    "basename",
    "cat",
    "dirname",
    "grep",
    "id",
    "mktemp",
    "readlink",
    "rm",
    "sed",
    "tail",
    "timeout",
    "tr",
    "uname",
)
CONTAINER = "shop\tshop-r2-web-1\trunning\tUp 3 minutes (healthy)\t2\tweb\t\t"
DIGEST = "sha256:" + "a" * 64
DOCKER = """#!/bin/sh
case "$1" in
    ps) {ps} ;;
    buildx) {buildx} ;;
esac
"""


class Host:
    """A folder that stands for a server: its state and the programs on it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "slipway"
        self.programs = folder / "bin"
        self.programs.mkdir()
        for tool in TOOLS:
            (self.programs / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
        self.state = ApplicationState("shop", self.root, "run-1")

    def install_docker(self, ps: str = ":", buildx: str = ":") -> None:
        program = self.programs / "docker"
        program.write_text(DOCKER.format(ps=ps, buildx=buildx))
        program.chmod(0o755)

    def output(self, shell: list[str], image: str = "") -> str:
        script = probe_script("shop", image)
        assert script.count("root=/var/lib/slipway") == 1
        script = script.replace("root=/var/lib/slipway", f"root={self.root}").replace("patience=30", "patience=1")
        environment = {"PATH": str(self.programs), "TMPDIR": str(self.programs.parent)}
        return subprocess.run(
            [*shell, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=30
        ).stdout

    def probe(self, shell: list[str], image: str = "") -> Probe:
        return read_probe(self.output(shell, image))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[-1].rpartition("/")[2])
def shell(request: pytest.FixtureRequest) -> list[str]:
    return request.param


def deployed(host: Host) -> Host:
    """A host on which release 2 is live."""
    for number in (1, 2):
        host.state.write_release(number, {"number": number, "digest": DIGEST, "config": f"c{number}"})
        for step in ("pull", "settle"):
            host.state.journal(number, step, "done")
        host.state.write_ledger({"release": number, "result": "live", "reason": "a \t b\u2028c"})
    host.state.set_live(2)
    host.state.set_upstream(2)
    (host.state.release_folder(2) / "rendered.json").write_text(json.dumps({"compose": {"name": "shop"}}, indent=2))
    (host.state.folder / "services").mkdir()
    (host.state.folder / "services/compose.yaml").write_text(json.dumps({"services": {"db": {}}}, indent=2))
    (host.state.folder / "site.stamp").write_text("5173\n")
    (host.root / "server").mkdir()
    (host.root / "server/stamp").write_text("57a3b\n")
    return host


def test_a_bare_server(host: Host, shell: list[str]) -> None:
    probe = host.probe(shell, "acme/shop:1")
    system = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    assert (probe.system, probe.version) == (system["ID"], system["VERSION_ID"].strip('"'))
    assert probe.architecture == os.uname().machine
    assert (probe.python, probe.stamp, probe.live, probe.upstream, probe.containers) == ("", "", 0, "", [])
    assert (probe.lock, probe.releases, probe.ledger, probe.digest, probe.digest_error) == (None, {}, [], "", "")


def test_a_server_with_a_live_release(host: Host, shell: list[str]) -> None:
    deployed(host).install_docker(ps=f"echo 'container\t{CONTAINER}'", buildx=f"echo '\"{DIGEST}\"'")
    DeployLock(host.state.lock_file, "run-1", 60).take("ann@desk", "deploy")
    probe = host.probe(shell, "acme/shop:1")
    assert probe.stands
    assert (probe.live, probe.upstream, probe.stamp, probe.site) == (2, "shop-r2-web", "57a3b", "5173")
    assert {number: record["config"] for number, record in probe.releases.items()} == {1: "c1", 2: "c2"}
    assert [line["release"] for line in probe.ledger] == [1, 2] and probe.ledger[0]["reason"] == "a \t b\u2028c"
    assert {number: line["step"] for number, line in probe.journal.items()} == {1: "settle", 2: "settle"}
    assert probe.rendered == {"name": "shop"} and probe.services == {"services": {"db": {}}}
    assert probe.lock is not None and probe.lock["owner"] == "ann@desk"
    (container,) = probe.own("shop")
    assert (container.release, container.process, container.service, container.healthy) == (2, "web", "", True)
    assert (probe.digest, probe.digest_error, probe.maintenance, probe.engine) == (DIGEST, "", False, True)


def test_it_changes_nothing_and_leaves_nothing(host: Host, shell: list[str]) -> None:
    deployed(host).install_docker()
    before = sorted(str(path) for path in host.programs.parent.rglob("*"))
    host.output(shell, "acme/shop:1")
    assert sorted(str(path) for path in host.programs.parent.rglob("*")) == before


def test_a_ledger_whose_last_line_was_cut_off_hides_nothing_after_it(host: Host, shell: list[str]) -> None:
    deployed(host).install_docker(buildx=f"echo {DIGEST}")
    with host.state.ledger_file.open("a") as file:
        file.write('{"format": 1, "release": 3, "resu')
    probe = host.probe(shell, "acme/shop:1")
    assert [line["release"] for line in probe.ledger] == [1, 2]
    assert sorted(probe.journal) == [1, 2] and probe.digest == DIGEST


def test_files_that_a_full_disk_left_empty(host: Host, shell: list[str]) -> None:
    deployed(host)
    for path in (host.state.lock_file, host.state.release_folder(1) / "release.json", host.state.ledger_file):
        path.write_text("")
    (host.state.release_folder(1) / "journal.jsonl").write_text("")
    probe = host.probe(shell)
    assert (probe.lock, sorted(probe.releases), probe.ledger, sorted(probe.journal)) == (None, [2], [], [2])


def test_an_engine_that_does_not_answer(host: Host, shell: list[str]) -> None:
    deployed(host).install_docker(ps="echo 'Cannot connect to the Docker daemon'; exit 1")
    probe = host.probe(shell)
    assert (probe.engine, probe.containers, probe.live) == (False, [], 2)


def test_an_engine_that_says_nothing_is_not_waited_for(host: Host, shell: list[str]) -> None:
    deployed(host).install_docker(ps="exec /bin/sleep 60")
    begun = time.monotonic()
    assert not host.probe(shell).engine
    assert time.monotonic() - begun < 30


def test_an_image_that_the_registry_does_not_have(host: Host, shell: list[str]) -> None:
    host.install_docker(buildx="echo 'ERROR: acme/shop:9: not found' >&2; exit 1")
    probe = host.probe(shell, "acme/shop:9")
    assert (probe.digest, probe.digest_error) == ("", "ERROR: acme/shop:9: not found")


def test_maintenance_mode(host: Host, shell: list[str]) -> None:
    host.state.live_folder.mkdir(parents=True)
    (host.state.live_folder / "maintenance").touch()
    assert host.probe(shell).maintenance is True


def test_output_that_is_cut_off_is_no_probe(host: Host) -> None:
    output = deployed(host).output(SHELLS[0])
    for length in range(0, len(output) - len("end\t1\n"), 7):
        with pytest.raises(ValueError, match="cut off"):
            read_probe(output[:length])


def test_lines_of_a_terminal_and_of_a_login_message(host: Host) -> None:
    output = deployed(host).output(SHELLS[0])
    probe = read_probe("Welcome to this server\r\n\r\n" + output.replace("\n", "\r\n"))
    assert (probe.live, probe.upstream, probe.stamp) == (2, "shop-r2-web", "57a3b")


@pytest.mark.parametrize("line", ["release", "lock", "ledger", "rendered", "journal\t3"])
def test_state_of_a_newer_slipway_is_refused(line: str) -> None:
    with pytest.raises(FormatError, match="newer Slipway"):
        read_probe(f'{line}\t{{"format": 2, "number": 1}}\nend\t1\n')


@pytest.mark.parametrize(
    "line", ["container\tshop\tx\trunning\tUp\tnone", "release\t[1]", "journal\tx\t{}", "live\t../x", "unknown\tthing"]
)
def test_lines_that_say_nothing(line: str) -> None:
    probe = read_probe(f"{line}\nend\t1\n")
    assert (probe.live, probe.releases, probe.journal) == (0, {}, {})
    assert all(container.release == 0 for container in probe.containers)


@pytest.mark.parametrize(
    ("state", "status", "healthy"),
    [
        ("running", "Up 3 minutes", True),
        ("running", "Up 3 minutes (healthy)", True),
        ("running", "Up 1 second (health: starting)", False),
        ("running", "Up 3 minutes (unhealthy)", False),
        ("exited", "Exited (1) 2 hours ago", False),
    ],
)
def test_health_in_docker_s_words(state: str, status: str, healthy: bool) -> None:
    probe = read_probe(f"container\tshop\tname\t{state}\t{status}\t\t\tdb\tabc\nend\t1\n")
    assert probe.containers[0].healthy is healthy


@pytest.mark.parametrize("name", ["a b", "$(touch x)", "it's", "; exit 3"])
def test_names_are_quoted(name: str) -> None:
    script = probe_script(name, name).splitlines()
    code = "\n".join([*script[:2], 'printf %s "$app$image"'])
    answer = subprocess.run([*SHELLS[0], "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == name + name


def test_a_release_that_has_not_begun_to_settle_does_not_stand(host: Host, shell: list[str]) -> None:
    host.state.write_release(1, {"number": 1, "digest": DIGEST})
    for step in ("pull", "start", "switch"):
        host.state.journal(1, step, "done")
    host.state.set_live(1)
    assert not host.probe(shell).stands
    host.state.journal(1, "settle", "begun")
    assert host.probe(shell).stands
