"""What the demo says at its end."""

from __future__ import annotations

import pytest

from scripts.demo import Demo


def test_commands_stay_whole_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    Demo(times=[("a step", 1.0)]).summary()
    lines = capsys.readouterr().out.splitlines()
    assert any("ansible-playbook -i inventory/sandbox playbooks/rollback.yml" in line for line in lines)
    assert any("--resolve" in line and line.rstrip().endswith("/health") for line in lines)
