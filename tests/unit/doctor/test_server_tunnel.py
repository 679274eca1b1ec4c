"""The registry's login (distribution specification) and the ACME directory, against answers as real servers give them;
the tunnel itself is tried by tests/security.
"""

from __future__ import annotations

import base64

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.vitals import Vitals
from ansible_collections.slipway.vps.plugins.plugin_utils import outgoing_checks
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, WARN
from ansible_collections.slipway.vps.plugins.plugin_utils.outgoing_checks import Wanted
from ansible_collections.slipway.vps.plugins.plugin_utils.server_tunnel import (
    Answer,
    TunnelError,
    is_acme_directory,
    log_in,
)

RIGHT = "Basic " + base64.b64encode(b"ann:right").decode()
REALM = 'Bearer realm="https://auth.example.com/token",service="registry.example.com"'


class Registry:
    """Answers as a registry with basic (docker-registry) or token (Docker Hub, GHCR) authentication does."""

    def __init__(self, challenge: str) -> None:
        self.challenge = challenge
        self.asked: list[str] = []

    def __call__(self, url: str, headers: dict[str, str]) -> Answer:
        self.asked.append(url)
        right = headers.get("Authorization") == RIGHT
        if url.startswith("https://auth.example.com/token?") or self.challenge.startswith("Basic"):
            return Answer(200 if right else 401, {"www-authenticate": self.challenge}, "{}")
        return Answer(401, {"www-authenticate": self.challenge}, "{}")


@pytest.mark.parametrize("challenge", ['Basic realm="x"', REALM], ids=["basic", "token"])
def test_login(challenge: str) -> None:
    registry = Registry(challenge)
    assert log_in(registry, "registry.example.com", "ann", "right") == ""
    assert log_in(registry, "registry.example.com", "ann", "wrong") == "refused"
    assert log_in(registry, "registry.example.com", "", "") == ""
    assert registry.asked[0] == "https://registry.example.com/v2/"
    assert not any("right" in url or "wrong" in url for url in registry.asked)


def test_a_token_is_asked_for_where_the_registry_says() -> None:
    registry = Registry(REALM)
    log_in(registry, "", "ann", "right")
    assert registry.asked[0] == "https://registry-1.docker.io/v2/"
    assert registry.asked[1] == "https://auth.example.com/token?service=registry.example.com&account=ann"


def test_something_that_is_no_registry() -> None:
    assert log_in(lambda url, headers: Answer(404, {}, ""), "www.example.com", "ann", "right") == "answered 404"


@pytest.mark.parametrize(
    ("answer", "directory"),
    [
        (Answer(200, {}, '{"newNonce": "https://x", "newOrder": "https://x"}'), True),
        (Answer(200, {}, "<html>"), False),
        (Answer(503, {}, '{"newOrder": "x"}'), False),
        (Answer(200, {}, "[]"), False),
    ],
)
def test_acme_directory(answer: Answer, directory: bool) -> None:
    assert is_acme_directory(answer) == directory


def test_findings_of_a_tunnel_that_fails() -> None:
    wanted = Wanted(registry="registry.example.com", username="ann", password="right")

    def state(error: TunnelError) -> tuple[str, str]:
        def get(url: str, headers: dict[str, str]) -> Answer:
            raise error

        finding = outgoing_checks.registry(Vitals(), wanted, get)
        return finding.state, finding.advice

    assert state(TunnelError("no answer within 10 s"))[0] == FAIL
    assert state(TunnelError("open failed", forbidden=True))[0] == WARN
    assert "docker_registry_certificates" in state(TunnelError("its certificate is not trusted: expired"))[1]
    assert "right" not in repr(wanted)


def test_no_name_at_all_and_a_single_unknown_one() -> None:
    none = Vitals(reached=dict.fromkeys(("a:443", "b:443"), outgoing_checks.NO_ADDRESS))
    assert outgoing_checks.name_server(none).state == FAIL
    assert outgoing_checks.name_server(Vitals(reached={"a:443": outgoing_checks.NO_ADDRESS, "b:1": ""})).state == OK
    assert outgoing_checks.packages(none, Wanted(packages="https://a/x", hub="b")).state == FAIL
