"""Faults strike the call that they are meant for, in the vendor's own form; the log tells all of it."""

from __future__ import annotations

import pytest

from sandbox.cloud.faults import KINDS, Fault, Faults
from tests.unit.sandbox.cloud.test_digitalocean import WANTED

CREATE = "POST /v2/droplets$"


def test_a_fault_counts_the_calls_that_match_it() -> None:
    fault = Fault("status", skip=1, times=2)
    assert [fault.strikes() for _ in range(5)] == [False, True, True, False, False]
    assert all(Fault("status", times=0).strikes() for _ in range(3))


def test_a_fault_meets_only_what_it_is_meant_for() -> None:
    faults = Faults()
    faults.add({"kind": "status", "provider": "linode", "operation": "^POST"})
    assert faults.take("status", "digitalocean", "POST /v2/droplets") is None
    assert faults.take("quota", "linode", "POST /v4/linode/instances") is None
    assert faults.take("status", "linode", "GET /v4/linode/instances") is None
    assert faults.take("status", "linode", "POST /v4/linode/instances") is not None


@pytest.mark.parametrize(
    "wrong", [{"kind": "bad"}, {"provider": "linode"}, {"kind": "slow", "second": 1}, {"kind": []}]
)
def test_a_fault_that_is_none_is_refused(client, wrong: dict) -> None:
    assert client.post("/_sandbox/faults", json=wrong).status_code == 422
    assert client.get("/_sandbox/faults").json == {"faults": [], "kinds": KINDS}


def test_a_lost_answer_leaves_the_server(client, digitalocean, faults, log) -> None:
    faults("lost-answer", operation=CREATE)
    with pytest.raises(ConnectionResetError):
        digitalocean("POST", "/v2/droplets", WANTED)
    assert digitalocean("GET", "/v2/droplets")["meta"]["total"] == 1
    entry = next(entry for entry in log() if entry.get("operation") == "POST /v2/droplets")
    assert (entry["status"], entry["answered"], entry["faults"]) == (202, False, ["lost-answer"])
    assert entry["request"] == WANTED


def test_a_lost_request_makes_nothing(digitalocean, faults) -> None:
    faults("lost-request", operation=CREATE)
    with pytest.raises(ConnectionResetError):
        digitalocean("POST", "/v2/droplets", WANTED)
    assert digitalocean("GET", "/v2/droplets")["meta"]["total"] == 0


def test_the_third_of_five_fails(digitalocean, faults) -> None:
    faults("status", operation=CREATE, skip=2, status=429, retry_after=7)
    answers = [digitalocean("POST", "/v2/droplets", WANTED | {"name": f"web-{number}"}) for number in range(1, 6)]
    assert [answer.status for answer in answers] == [202, 202, 429, 202, 202]
    assert answers[2].headers["Retry-After"] == "7" and answers[2]["id"] == "too_many_requests"


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("rights", 403, "You do not have permission to perform this action."),
        ("quota", 422, "creating this/these droplet(s) will exceed your droplet limit"),
        ("sold-out", 422, "Region is not available"),
    ],
)
def test_refusals_of_new_servers(digitalocean, faults, machines, kind: str, status: int, said: str) -> None:
    faults(kind)
    assert digitalocean("GET", "/v2/droplets").status == 200
    answer = digitalocean("POST", "/v2/droplets", WANTED)
    assert (answer.status, answer["message"]) == (status, said)
    assert digitalocean("POST", "/v2/droplets", WANTED).status == 202


def test_a_server_that_goes_to_an_error_state(digitalocean, faults, machines, until, log) -> None:
    faults("error-state", provider="digitalocean")
    answer = digitalocean("POST", "/v2/droplets", WANTED)
    action = f"/v2/actions/{answer['links']['actions'][0]['id']}"
    until(lambda: digitalocean("GET", action)["action"]["status"] == "errored")
    assert digitalocean("GET", f"/v2/droplets/{answer['droplet']['id']}")["droplet"]["status"] == "new"
    assert not machines.started
    assert [entry["event"] for entry in log() if entry["event"] != "call"] == ["made", "failed"]


def test_a_cloud_init_that_fails(digitalocean, faults, machines, until) -> None:
    faults("cloud-init")
    digitalocean("POST", "/v2/droplets", WANTED)
    until(lambda: 1 in machines.started)
    assert b"exit 1" in machines.started[1].files()["/var/lib/cloud/seed/nocloud/vendor-data"].content


def test_servers_on_paper_start_nothing(digitalocean, faults, machines, until) -> None:
    faults("on-paper", times=0)
    for number in range(25):
        digitalocean("POST", "/v2/droplets", WANTED | {"name": f"web-{number}"})
    listed = digitalocean("GET", "/v2/droplets")
    assert listed["meta"]["total"] == 25 and len(listed["droplets"]) == 20 and not machines.started


def test_everything_is_forgotten(client, digitalocean, faults, machines, until, log) -> None:
    digitalocean("POST", "/v2/droplets", WANTED)
    faults("status", times=0)
    assert client.post("/_sandbox/reset").status_code == 204
    assert ("remove", 1) in machines.told
    assert log() == [] and client.get("/_sandbox/servers").json == {"servers": []}
    assert digitalocean("GET", "/v2/droplets")["meta"]["total"] == 0


def test_no_credentials_stand_in_the_log(client, digitalocean) -> None:
    digitalocean("GET", "/v2/account")
    assert digitalocean.token not in client.get("/_sandbox/log").text
