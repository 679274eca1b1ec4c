"""Tests of servers at the three clouds, by cloud.sandbox: what it makes are real servers, and nothing of them stays.

SLIPWAY_TEST_CLOUDS names the providers to test (with commas), all three by default.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.clouds.account import Account
from tests.clouds.stand_in import StandIn
from tests.sandbox.playbook import ROOT

PROVIDERS = os.environ.get("SLIPWAY_TEST_CLOUDS", "digitalocean,linode,lightsail").split(",")
WAIT_SECONDS = 60


@pytest.fixture(scope="session")
def clouds() -> StandIn:
    stand_in = StandIn()
    try:
        stand_in.servers()
    except requests.RequestException:
        subprocess.run([sys.executable, "-m", "sandbox", "up", "--cloud", "vps-2"], cwd=ROOT, check=True)
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            stand_in.servers()
        except requests.RequestException:
            assert time.monotonic() < deadline, "cloud.sandbox does not answer"
            time.sleep(0.5)
        else:
            return stand_in


@pytest.fixture
def faults(clouds: StandIn) -> Iterator[StandIn]:
    """The stand-in with a log of this test's own, and without faults afterwards."""
    clouds.forget_faults()
    clouds.begin_log()
    yield clouds
    clouds.forget_faults()


def _swept(account: Account) -> None:
    """Removes what a test has left, as a user would; known_hosts names every server that was ever ordered."""
    names = list(dict.fromkeys(line.split()[0].split(",")[0] for line in account.known_hosts))
    if names:
        account.destroy(*names, data=True).succeeded()


@pytest.fixture
def account(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Account]:
    """An account's part that is one test's own; its servers go with the test."""
    made = Account(tmp_path, f"t{abs(hash(request.node.name)) % 10**8}")
    yield made
    _swept(made)


@pytest.fixture(scope="module")
def fleet_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Account]]:
    accounts: list[Account] = []

    def make(project: str) -> Account:
        accounts.append(Account(tmp_path_factory.mktemp(project), project))
        return accounts[-1]

    yield make
    for account in accounts:
        _swept(account)
