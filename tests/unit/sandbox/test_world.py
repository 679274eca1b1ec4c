"""Whose is what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox import world


def container(name: str, identity: str, folder: str, state: str = "running", kind: str = "service") -> dict[str, Any]:
    labels = {world.KIND: kind, world.IDENTITY: identity, world.CHECKOUT: folder}
    return {"Id": name, "Names": [f"/{name}"], "State": state, "Labels": labels}


def test_the_identity_is_made_once() -> None:
    assert world.identity() == world.identity()
    assert world.is_ours(world.labels("server"))
    assert not world.is_ours({world.IDENTITY: "another"})
    assert not world.is_ours(None)


def test_a_running_sandbox_of_another_folder_is_in_use(tmp_path: Path) -> None:
    leftovers, in_use = world.strangers([container("vps-1", "theirs", str(tmp_path))], "ours", Path("/here"))
    assert (leftovers, in_use) == ([], {str(tmp_path): ["vps-1"]})


def test_what_does_not_run_is_a_leftover(tmp_path: Path) -> None:
    for state in ("exited", "dead", "created"):
        found = container("vps-1", "theirs", str(tmp_path), state)
        assert world.strangers([found], "ours", Path("/here")) == ([found], {})


def test_servers_alone_that_an_engine_started_by_itself_are_leftovers(tmp_path: Path) -> None:
    server = container("vps-1", "theirs", str(tmp_path), kind="server")
    dns = container("dns", "theirs", str(tmp_path), state="exited")
    assert world.strangers([server, dns], "ours", Path("/here")) == ([server, dns], {})


def test_a_world_is_in_use_as_a_whole(tmp_path: Path) -> None:
    server = container("vps-1", "theirs", str(tmp_path), state="exited", kind="server")
    dns = container("dns", "theirs", str(tmp_path))
    assert world.strangers([server, dns], "ours", Path("/here")) == ([], {str(tmp_path): ["vps-1", "dns"]})


def test_a_folder_that_is_gone_or_is_this_one_makes_a_leftover(tmp_path: Path) -> None:
    gone = container("vps-1", "theirs", str(tmp_path / "gone"))
    here = container("vps-2", "earlier", str(tmp_path))
    assert world.strangers([gone, here], "ours", tmp_path) == ([gone, here], {})


def test_our_own_are_neither(tmp_path: Path) -> None:
    assert world.strangers([container("vps-1", "ours", str(tmp_path))], "ours", Path("/here")) == ([], {})


def test_a_dead_container_without_a_name_is_called_by_its_id() -> None:
    assert world.summary_name({"Id": "0123456789abcdef", "Names": None}) == "0123456789ab"
