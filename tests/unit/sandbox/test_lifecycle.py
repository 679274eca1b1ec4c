"""What `up` does, and what only `up --cloud` does."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from sandbox import catalogue, lifecycle, names
from sandbox.progress import Report


def planned(cloud: bool) -> dict[str, frozenset[str]]:
    """The tasks of `up` and what each comes after."""
    client = MagicMock()
    client.info.return_value = {"CgroupVersion": "1"}
    tasks = lifecycle.plan(client, Report(), MagicMock(), MagicMock(), "password", [names.server("vps-1")], cloud)
    return {task.name: task.after for task in tasks}


@pytest.mark.parametrize("cloud", [False, True])
def test_cloud_sandbox_is_made_only_when_asked_for(cloud: bool) -> None:
    tasks = planned(cloud)
    only = {"cloud", catalogue.CLOUD, catalogue.CLOUD_SERVER_12, catalogue.CLOUD_SERVER_13}
    assert only & tasks.keys() == (only if cloud else set())
    assert {"dns", "registry", "hub", "packages", "vps-1"} <= tasks.keys()


def test_cloud_sandbox_comes_after_the_images_of_its_servers() -> None:
    assert planned(True)["cloud"] == {catalogue.CLOUD, catalogue.CLOUD_SERVER_12, catalogue.CLOUD_SERVER_13}
