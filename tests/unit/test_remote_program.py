"""The program that a step of a release is: it runs on nothing but a standard library, and brings its answer back."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible_collections.slipway.vps.plugins.plugin_utils.remote_program import MARKER, program, read_answer, sources


def run(text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=30)


def test_the_engine_brings_all_that_it_imports() -> None:
    found = sources("release_run")
    assert {"slipway", "slipway.release_run", "slipway.docker_engine", "slipway.image_digest"} <= set(found)


def test_several_modules_in_one_import_come_along() -> None:
    assert {"slipway.baseline_files", "slipway.kernel_settings", "slipway.sshd_settings"} <= set(sources("baseline"))


def test_a_function_is_called_with_its_arguments_and_answers() -> None:
    text = 'a "quoted" \\ text\nof two lines, with {braces}, ü'
    result = run(program("duration", "parse_duration", "90s"))
    assert read_answer(result.stdout, result.stderr, result.returncode) == 90.0
    result = run(program("docker_engine", "tail", text))
    assert read_answer(result.stdout, result.stderr, result.returncode) == text


def test_a_phase_that_fails_says_why() -> None:
    arguments = {"application": "../../x", "phase": "no-such-phase", "number": 1, "patience": 0, "lock": {}}
    result = run(program("release_run", "answer", arguments))
    answer = read_answer(result.stdout, result.stderr, result.returncode)
    assert answer["failed"] and answer["msg"] == "unexpected KeyError: 'token'"


@pytest.mark.parametrize(
    ("stdout", "stderr", "expected"),
    [("", "sh: 1: python3: not found\n", "python3: not found"), ("", "", "exit code 127, no output")],
)
def test_a_host_that_cannot_run_it_says_why(stdout: str, stderr: str, expected: str) -> None:
    answer = read_answer(stdout, stderr, 127)
    assert answer["failed"] and expected in answer["msg"]


def test_what_a_login_shell_prints_is_left_out() -> None:
    assert read_answer(f"Welcome!\n{MARKER}{json.dumps({'changed': True})}\n", "", 0) == {"changed": True}
