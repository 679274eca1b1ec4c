"""What Slipway keeps of an application on a host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.host_state import ApplicationState


@pytest.fixture
def state(tmp_path: Path) -> ApplicationState:
    return ApplicationState("shop", tmp_path, "run-1")


def test_a_fresh_host_has_nothing(state: ApplicationState) -> None:
    assert (state.live(), state.upstream(), state.release_numbers(), state.ledger()) == (0, 0, [], [])
    assert state.release(1) is None and state.last(1, "pull") is None


def test_live_is_a_relative_link_that_moves_at_once(state: ApplicationState) -> None:
    for number in (9, 10):
        state.write_release(number, {"number": number})
        state.set_live(number)
        assert state.live() == number
        assert (state.folder / "live" / "release.json").is_file()
    assert str(state.live_link.readlink()) == "releases/10"
    assert state.release_numbers() == [9, 10]
    state.set_live(0)
    assert state.live() == 0 and not state.live_link.is_symlink()


def test_a_link_of_a_crash_does_not_stand_in_the_way(state: ApplicationState) -> None:
    state.write_release(1, {"number": 1})
    (state.folder / ".live.new").symlink_to("releases/0")
    state.set_live(1)
    assert state.live() == 1


def test_the_upstream_names_the_release_and_its_folder_stays(state: ApplicationState) -> None:
    state.set_upstream(12)
    file = state.live_folder / "upstream"
    assert file.read_text() == "shop-r12-web" and file.stat().st_mode & 0o777 == 0o644
    assert state.upstream() == 12
    state.set_upstream(0)
    assert state.upstream() == 0 and state.live_folder.is_dir()


def test_an_application_with_numbers_in_its_name(tmp_path: Path) -> None:
    state = ApplicationState("shop-r2", tmp_path)
    state.set_upstream(31)
    assert state.upstream() == 31


def test_a_step_begins_once_in_a_run(state: ApplicationState, tmp_path: Path) -> None:
    begun = state.begin(3, "pull")
    assert state.begin(3, "pull") == pytest.approx(begun, abs=2)
    assert len(state.journal_lines(3)) == 1
    later = ApplicationState("shop", tmp_path, "run-2")
    assert later.begin(3, "pull") > begun
    assert [line["run"] for line in state.journal_lines(3)] == ["run-1", "run-2"]


def test_a_step_that_has_ended_begins_anew(state: ApplicationState) -> None:
    begun = state.begin(3, "pull")
    state.journal(3, "pull", "done", layers=4)
    assert state.last(3, "pull")["layers"] == 4  # type: ignore[index]
    assert state.begin(3, "pull") > begun
    assert [line["state"] for line in state.journal_lines(3)] == ["begun", "done", "begun"]


def test_a_removed_release_is_gone_and_its_neighbours_stay(state: ApplicationState) -> None:
    for number in (1, 2):
        state.write_release(number, {"number": number})
        (state.release_folder(number) / "secrets").mkdir()
    state.remove_secrets(2)
    state.remove_release(1)
    state.remove_release(1)
    assert state.release_numbers() == [2] and not (state.release_folder(2) / "secrets").exists()


def test_the_ledger_is_a_line_for_each_release(state: ApplicationState) -> None:
    for number in (1, 2):
        state.write_ledger({"release": number, "result": "live"})
    assert [line["release"] for line in state.ledger()] == [1, 2]
    assert state.ledger_file.read_text().count("\n") == 2
