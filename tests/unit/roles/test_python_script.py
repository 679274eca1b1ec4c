"""The script that role python runs on a server without Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.roles.rendering import render


def run(
    tmp_path: Path,
    os_release: str,
    machine: str = "x86_64",
    template: dict[str, Any] | None = None,
    path: str = os.defpath,
) -> subprocess.CompletedProcess[str]:
    """Runs the script of a check-mode run on a machine with that os-release, that architecture and no Python."""
    release = tmp_path / "os-release"
    release.write_text(os_release, encoding="utf-8")
    script = render("python", "install.sh.j2", **(template or {"ansible_check_mode": True}))
    script = script.replace("/etc/os-release", str(release)).replace("$(uname -m)", machine)
    script = script.replace("/usr/lib/python3", str(tmp_path))
    environment = {"PATH": path}
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize(
    ("identifier", "version"),
    [("debian", "12"), ("debian", "13"), ("ubuntu", "22.04"), ("ubuntu", "24.04"), ("ubuntu", "26.04")],
)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_supported_hosts_would_change(tmp_path: Path, identifier: str, version: str, machine: str) -> None:
    result = run(tmp_path, f'ID={identifier}\nVERSION_ID="{version}"\nPRETTY_NAME="A system"\n', machine)
    assert (result.returncode, result.stdout) == (0, "slipway: changed\n")


@pytest.mark.parametrize(
    ("os_release", "machine", "found"),
    [
        ('ID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora Linux 40"\n', "x86_64", "Fedora Linux 40 on x86_64"),
        ('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian 11"\n', "x86_64", "Debian 11 on x86_64"),
        ('ID=debian\nPRETTY_NAME="Debian testing"\n', "x86_64", "Debian testing on x86_64"),
        ('ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n', "riscv64", "Debian 13 on riscv64"),
    ],
)
def test_other_hosts_are_refused_in_one_line(tmp_path: Path, os_release: str, machine: str, found: str) -> None:
    result = run(tmp_path, os_release, machine)
    assert result.returncode == 1
    assert result.stdout.startswith(
        f"slipway: runs {found}; supported are Debian 12 and 13, Ubuntu 22.04, 24.04 and 26.04"
    )
    assert len(result.stdout.splitlines()) == 1


def test_check_mode_never_reaches_apt() -> None:
    assert "apt-get" not in render("python", "install.sh.j2", ansible_check_mode=True).split("exit 0\n")[1]
    assert "exit 0" not in render("python", "install.sh.j2").split("export DEBIAN_FRONTEND")[1]


def test_all_packages_come_in_one_transaction() -> None:
    script = render("python", "install.sh.j2", python_packages=["python3", "python3-apt", "gpg"])
    assert script.count("apt-get install") == 1
    assert "python3 python3-apt gpg" in script


def test_what_later_roles_need_comes_with_python() -> None:
    script = render(
        "python", "install.sh.j2", python_packages=["python3", "gpg"], python_more_packages=["nftables", "gpg"]
    )
    assert script.count("python3 gpg nftables") == 2, "looked for, and installed"
    assert '"$found" -eq 3' in script


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "no space left for python3: "),
        ("dpkg: error: failed to write: No space left on device", "no space left for python3: "),
        ("E: Could not get lock /var/lib/apt/lists/lock", "another package manager has held apt's lock for 0 s"),
        (
            "Err:1 http://packages.example trixie InRelease\nE: Failed to fetch http://packages.example/x",
            "the distribution's packages cannot be reached: Err:1 http://packages.example",
        ),
        ("W: nothing\nE: Unable to locate package python3", "python3 cannot be installed: E: Unable to locate"),
    ],
)
def test_what_apt_says_is_told_in_one_line(tmp_path: Path, said: str, expected: str) -> None:
    program = tmp_path / "apt-get"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\nexit 100\n", encoding="utf-8")
    program.chmod(0o755)
    result = run(
        tmp_path,
        'ID=debian\nVERSION_ID="13"\n',
        template={"ansible_check_mode": False, "python_lock_timeout": 0},
        path=f"{tmp_path}:/usr/bin:/bin",
    )
    assert result.returncode == 1
    assert result.stdout.startswith(f"slipway: {expected}")
    assert len(result.stdout.splitlines()) == 1
