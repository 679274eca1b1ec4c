"""Docker's failures in sentences that say what to do, and its `inspect` as Slipway reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils import docker_engine as engine
from ansible_collections.slipway.vps.plugins.module_utils.image_digest import first_digest
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError

# What docker 20.10 to 28 print.
CAUSES = {
    "write /var/lib/docker/tmp/x: no space left on device": "no space left on the disk",
    "Error response from daemon: manifest for acme/shop:9 not found: manifest unknown": "does not have",
    "no matching manifest for linux/arm64/v8 in the manifest list entries": "for other kinds of machines only",
    "Error response from daemon: unauthorized: authentication required": "refused the login",
    'Error response from daemon: Head "https://r.example.com/v2/x": no credentials, denied: no': "refused the",
    "pull access denied for acme/shop, repository does not exist or may require 'docker login'": "no such image",
    'Get "https://r.example.com/v2/": dial tcp 10.0.0.1:443: connect: connection refused': "cannot be reached",
    'Get "https://r.example.com/v2/": dial tcp: lookup r.example.com: no such host': "cannot be reached",
    'Get "https://r.example.com/v2/": net/http: TLS handshake timeout': "cannot be reached",
    'Get "https://r.example.com/v2/": x509: certificate signed by unknown authority': "docker_registry_certificates",
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?": "not answer",
    "Error response from daemon: something new": "`docker pull acme/shop` failed: Error response from",
    "": "`docker pull acme/shop` failed: no output",
}


@pytest.mark.parametrize("text", CAUSES)
def test_a_cause_and_what_to_do(text: str) -> None:
    said = engine.explain(f"some progress\n{text}\n" if text else "", ["docker", "pull", "acme/shop", "--quiet"])
    assert CAUSES[text] in said and "\n" not in said


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(OperationError, match="no-such-program is not installed on this host"):
        engine.run(["no-such-program", "x"])


def test_a_program_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "COMMAND_SECONDS", 0.1)
    with pytest.raises(OperationError, match=r"`sleep 5 …` did not end within 0.1 s"):
        engine.run(["sleep", "5"])


def test_a_program_that_fails_is_told_with_its_last_lines(tmp_path: Path) -> None:
    code = "for n in $(seq 30); do echo line $n >&2; done; exit 3"
    with pytest.raises(OperationError) as caught:
        engine.run(["sh", "-c", code], folder=tmp_path)
    assert caught.value.log.splitlines() == [f"line {number}" for number in range(11, 31)]
    assert engine.run(["sh", "-c", code], check=False).returncode == 3


def test_a_secret_goes_in_by_standard_input() -> None:
    assert engine.run(["cat"], text="hunter2").stdout == "hunter2"


@pytest.mark.parametrize(
    "passing",
    [
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "OCI runtime create failed: runc create failed: unable to start container process: "
        "waiting for init preliminary setup: read init-p: connection reset by peer: unknown",
    ],
)
def test_a_failure_that_passes_is_not_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passing: str) -> None:
    program, marker = tmp_path / "docker", tmp_path / "tried"
    program.write_text(
        f"#!/bin/sh\ntest -e {marker} && echo started && exit 0\ntouch {marker}\necho '{passing}' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert engine.docker("start", "web").stdout == "started\n"


def inspected(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "c1",
        "Name": "/shop-r2-web-1",
        "Config": {"Image": "shop", "Labels": {"slipway.process": "web", "slipway.release": "2"}},
        "State": {"Status": "running", "ExitCode": 0, "Pid": 7, "StartedAt": "2026-01-01T00:00:00Z"},
        "NetworkSettings": {"Networks": {"shop": {"IPAddress": "172.18.0.2"}}},
        **changes,
    }


def test_a_container_is_read_from_inspect() -> None:
    container = engine._container(inspected())
    assert (container.name, container.process, container.release) == ("shop-r2-web-1", "web", 2)
    assert (container.running, container.health, container.restarts) == (True, "", 0)
    assert (container.stop_signal, container.stop_seconds) == ("SIGTERM", 10)
    assert container.addresses == {"shop": "172.18.0.2"}


def test_a_grace_period_of_no_seconds_is_not_the_default() -> None:
    config = {"Image": "shop", "Labels": None, "StopSignal": "SIGQUIT", "StopTimeout": 0}
    container = engine._container(inspected(Config=config))
    assert (container.stop_signal, container.stop_seconds, container.release) == ("SIGQUIT", 0, 0)


def test_an_older_buildx_prints_more_than_the_digest() -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    assert first_digest(f"Name: x\nDigest: {digest}\n  Manifest: sha256:{'f' * 64}\n") == digest
    assert first_digest("sha256:tooshort") == ""
