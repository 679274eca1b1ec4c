"""Another size for a server, asked for by Slipway's providers: what happens to the server, also when it goes wrong."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.cloud_digitalocean import DigitalOcean
from ansible_collections.slipway.vps.plugins.module_utils.cloud_linode import Linode
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import CloudError, CloudProvider, FoundServer

from tests.unit.clouds.wishes import wanted
from tests.unit.sandbox.cloud import sdk
from tests.unit.sandbox.cloud.conftest import DIGITALOCEAN, LINODE

LARGER = {"digitalocean": "s-2vcpu-4gb", "linode": "g6-standard-2"}
SMALLER = {"digitalocean": "s-1vcpu-1gb", "linode": "g6-nanode-1"}
ASKS = {"digitalocean": r"POST /v2/droplets/\d+/actions$", "linode": r"POST /v4/linode/instances/\d+/resize$"}


@pytest.fixture(params=["digitalocean", "linode"])
def provider(request: pytest.FixtureRequest, client: Any) -> CloudProvider:
    def pause(seconds: float) -> None:
        time.sleep(min(seconds, 0.05))

    if request.param == "digitalocean":
        return DigitalOcean(sdk.pydo(client, DIGITALOCEAN), lambda text: None, pause)
    return Linode(sdk.linode(client, LINODE), lambda text: None, pause)


@pytest.fixture
def look(provider: CloudProvider, until: Callable[[Callable[[], bool]], None]) -> Callable[[], FoundServer]:
    """Makes a server, and shows it whenever it is asked."""
    server = wanted(provider=provider.name, private_network=False, firewall=False)
    provider.prepare([server])
    provider.create(server, "")

    def there() -> FoundServer:
        (server,) = provider.servers()
        return server

    until(lambda: there().state == "running")
    return there


def asked(log: Any) -> list[str]:
    """What was asked of the server, in order."""
    calls = [event for event in log() if event.get("event") == "call"]
    asks = [call for call in calls if any(re.search(ask, call["operation"]) for ask in ASKS.values())]
    return [json.dumps(call["request"]) for call in asks]


def test_it_is_turned_off_and_on_again(provider: CloudProvider, look: Any, machines: Any, log: Any) -> None:
    before = look()
    provider.resize(before, LARGER[provider.name])
    after = look()
    assert (after.size, after.state, after.id) == (LARGER[provider.name], "running", before.id)
    assert after.public_address == before.public_address
    assert [told for told, _ in machines.told] == ["start", "stop", "resume"]
    if provider.name == "digitalocean":
        types = [json.loads(text)["type"] for text in asked(log)]
        assert types == ["shutdown", "resize", "power_on"] and '"disk": false' in asked(log)[1]
    else:
        assert [json.loads(text) for text in asked(log)] == [
            {"type": "g6-standard-2", "allow_auto_disk_resize": False, "migration_type": "cold"}
        ]


def test_one_that_is_refused_goes_on_running(provider: CloudProvider, look: Any) -> None:
    with pytest.raises(CloudError, match="disk"):
        provider.resize(look(), SMALLER[provider.name])
    assert (look().size, look().state) == (wanted(provider=provider.name).size, "running")


def test_an_answer_that_is_lost(provider: CloudProvider, look: Any, faults: Any, log: Any) -> None:
    faults("lost-answer", provider=provider.name, operation=ASKS[provider.name])
    provider.resize(look(), LARGER[provider.name])
    assert (look().size, look().state) == (LARGER[provider.name], "running")
    assert len(asked(log)) == (3 if provider.name == "digitalocean" else 1)


def test_one_that_an_earlier_run_has_begun(provider: CloudProvider, look: Any, client: Any, log: Any) -> None:
    """The run was killed after it had asked for the size: the next one waits, and turns the server on."""
    before, larger = look(), LARGER[provider.name]
    if provider.name == "digitalocean":
        provider._shut_down(before)
        provider._client.droplet_actions.post(int(before.id), body={"type": "resize", "size": larger, "disk": False})
    else:
        provider._client.post(f"/linode/instances/{before.id}/resize", data={"type": larger})
    done = len(asked(log))
    provider.resize(before, larger)
    assert (look().size, look().state) == (larger, "running")
    assert len(asked(log)) - done == (1 if provider.name == "digitalocean" else 0)
