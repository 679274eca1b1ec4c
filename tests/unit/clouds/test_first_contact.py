"""The first connection: what ssh is told, and what is said when it does not come about."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.plugin_utils.first_contact import (
    FirstBootError,
    FirstContact,
    SshAccess,
)

ACCESS = SshAccess(Path("/inventory/known_hosts"), "/keys/id", "-o ProxyJump=bastion -o UserKnownHostsFile=/dev/null")


class Scripted(FirstContact):
    """Servers that give these answers, one a command: (exit code, output, error)."""

    def __init__(self, *answers: tuple[int, str, str]) -> None:
        self.answers, self.said = list(answers), []
        self.time = 0.0
        super().__init__(ACCESS, self.said.append, self._sleep, lambda: self.time)

    def _sleep(self, seconds: float) -> None:
        self.time += 10

    def _run(self, address: str, user: str, command: str) -> subprocess.CompletedProcess[str]:
        code, output, error = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return subprocess.CompletedProcess([], code, output, error)


DONE, REFUSED = (0, "status: done\n", ""), (255, "", "ssh: connect to host 203.0.113.7 port 22: Connection refused")


def test_host_keys_are_always_checked() -> None:
    words = ACCESS.command("203.0.113.7", "root", "true")
    # The first value of an option counts (ssh_config(5)): the user's own cannot loosen it.
    assert words.index("UserKnownHostsFile=/inventory/known_hosts") < words.index("UserKnownHostsFile=/dev/null")
    assert "StrictHostKeyChecking=yes" in words and "ProxyJump=bastion" in words and "/keys/id" in words
    assert words[-3:] == ["root", "203.0.113.7", "true"]


def test_a_user_who_is_not_root_uses_sudo() -> None:
    assert ACCESS.command("203.0.113.7", "admin", "echo 'a b'")[-1] == "sudo -n sh -c 'echo '\"'\"'a b'\"'\"''"


def test_it_waits_for_ssh_and_for_cloud_init() -> None:
    contact = Scripted(REFUSED, (0, "status: running\n", ""), DONE)
    contact.wait("web-1", "203.0.113.7", "root")
    assert contact.said == ["web-1: answers at 203.0.113.7 with its own host key"]


@pytest.mark.parametrize("output", ["status: absent\n", "", "status: disabled\n"])
def test_an_image_without_cloud_init(output: str) -> None:
    Scripted((0, output, "")).wait("web-1", "203.0.113.7", "root")


def test_a_first_boot_that_failed_shows_its_log() -> None:
    with pytest.raises(FirstBootError, match="its first boot ended with an error of cloud-init") as caught:
        Scripted((0, "status: error\n", ""), (0, "E: Unable to locate package nginxx\n", "")).wait("w", "a", "root")
    assert "nginxx" in caught.value.log


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("Host key verification failed.", "shows another host key than the one it was given"),
        (
            "No ED25519 host key is known for 203.0.113.7 and you have requested strict checking.\n"
            "Host key verification failed.",
            "known_hosts has no key for 203.0.113.7",
        ),
        ("root@203.0.113.7: Permission denied (publickey).", "refuses the SSH key"),
        ("ssh: connect to host 203.0.113.7 port 22: No route to host", "cannot be reached by SSH (ssh: connect"),
    ],
)
def test_a_server_that_cannot_be_reached(error: str, text: str) -> None:
    with pytest.raises(OperationError) as caught:
        Scripted((255, "", error)).wait("web-1", "203.0.113.7", "root")
    assert caught.value.message.startswith("web-1: ") and text in caught.value.message
