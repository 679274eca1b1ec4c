"""State files survive a crash, and one of a newer Slipway is refused."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.files import (
    FormatError,
    append_line,
    read_json,
    read_lines,
    write_atomically,
    write_json,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# What hypothesis draws may lie in the same folder: each test starts with files of its own making.
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
NAMES = st.text(max_size=8).filter(lambda name: name != "format")
RECORDS = st.dictionaries(NAMES, st.text(max_size=20) | st.integers(), max_size=4)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state"
    assert write_atomically(path, "one\n") is True
    assert write_atomically(path, "one\n") is False
    assert write_atomically(path, "two\n") is True
    assert path.read_text() == "two\n" and mode(path) == 0o600
    assert list(path.parent.iterdir()) == [path], "a temporary file stays behind"


def test_a_mode_that_differs_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "script"
    write_atomically(path, "text")
    assert write_atomically(path, "text", 0o755) is True
    assert mode(path) == 0o755


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_atomically(tmp_path / "readable", "text", 0o644)
    finally:
        os.umask(before)
    assert mode(tmp_path / "readable") == 0o644


def test_a_temporary_file_of_a_crash_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".state.new").write_text("half of someth")
    assert write_atomically(tmp_path / "state", "whole")
    assert (tmp_path / "state").read_text() == "whole"


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    texts = {"a" * 200_000, "b" * 200_000}
    code = (
        "import sys, time; from pathlib import Path;"
        "from ansible_collections.slipway.vps.plugins.module_utils.files import write_atomically\n"
        "end = time.monotonic() + 0.7\n"
        "while time.monotonic() < end:\n    [write_atomically(Path(sys.argv[1]), text * 200_000) for text in 'ab']"
    )
    write_atomically(path, "a" * 200_000)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "collections")}
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)], env=environment)
    seen = set()
    while writer.poll() is None:
        seen.add(path.read_text())
        time.sleep(0.001)
    assert writer.returncode == 0
    assert seen == texts


@SAME_FOLDER
@given(RECORDS)
def test_an_object_is_read_as_it_was_written(tmp_path: Path, record: dict[str, Any]) -> None:
    write_json(tmp_path / "record.json", record)
    assert read_json(tmp_path / "record.json") == {"format": 1, **record}


def test_no_file_is_no_object(tmp_path: Path) -> None:
    assert read_json(tmp_path / "none.json") is None
    assert read_lines(tmp_path / "none.jsonl") == []


@SAME_FOLDER
@given(st.lists(RECORDS, max_size=6))
def test_lines_are_read_as_they_were_written(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    """Also with characters in them that Python, not JSON, takes for the end of a line."""
    path = tmp_path / "ledger.jsonl"
    path.unlink(missing_ok=True)
    for record in [*records, {"text": "one\u2028two\x85three\x0cfour"}]:
        append_line(path, record)
    assert [{**line} for line in read_lines(path)][:-1] == [{"format": 1, **record} for record in records]
    assert read_lines(path)[-1]["text"] == "one\u2028two\x85three\x0cfour"


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_that_a_crash_cut_off_spoils_nothing(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ledger.jsonl"
    append_line(path, {"release": 1})
    append_line(path, {"release": 2})
    path.write_bytes(path.read_bytes()[:-cut])
    before = [line["release"] for line in read_lines(path)]
    assert before == ([1, 2] if cut == 1 else [1])
    append_line(path, {"release": 3})
    assert [line["release"] for line in read_lines(path)] == [*before, 3]


def test_a_line_that_is_no_object_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").write_text('12\n"text"\n[1]\n\n{"release": 1}\n')
    assert read_lines(tmp_path / "ledger.jsonl") == [{"release": 1}]


def test_a_newer_slipway_s_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    path.write_text('{"format": 2, "number": 1}')
    with pytest.raises(FormatError, match=r"release\.json was written by a newer Slipway .*update Slipway"):
        read_json(path)
    path.with_suffix(".jsonl").write_text('{"format": 1}\n{"format": 7}\n')
    with pytest.raises(FormatError, match="newer Slipway"):
        read_lines(path.with_suffix(".jsonl"))


def test_an_older_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"number": 4}')
    assert read_json(tmp_path / "old.json") == {"number": 4}
