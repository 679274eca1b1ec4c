"""What role baseline writes and sets: sshd's drop-in, kernel settings, the operator, the plain files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slipway.vps.plugins.module_utils import (
    baseline_files,
    baseline_strict,
    kernel_settings,
    login_definitions,
    sshd_settings,
)
from ansible_collections.slipway.vps.plugins.module_utils.operator_account import usable_keys
from ansible_collections.slipway.vps.plugins.plugin_utils import fresh_connection
from ansible_collections.slipway.vps.plugins.plugin_utils.fresh_connection import Answer, FreshConnection

from tests.unit.roles.rendering import evaluate

OPENSSH_10 = ["curve25519-sha256", "sntrup761x25519-sha512@openssh.com", "mlkem768x25519-sha256", "ecdh-sha2-nistp256"]
OPENSSH_9 = ["curve25519-sha256", "curve25519-sha256@libssh.org", "sntrup761x25519-sha512@openssh.com"]
SWITCHES: dict[str, Any] = {
    "upgrades": True,
    "upgrades_reboot": "04:30",
    "journal": True,
    "journal_size": "200M",
    "core_dumps": False,
    "quiet_login": True,
    "modules": ["dccp"],
    "shell_timeout": 900,
    "audit": False,
}


@pytest.mark.parametrize(
    ("known", "classical", "expected"),
    [
        (OPENSSH_10, False, ["mlkem768x25519-sha256", "sntrup761x25519-sha512@openssh.com"]),
        (OPENSSH_10, True, ["mlkem768x25519-sha256", "sntrup761x25519-sha512@openssh.com", "curve25519-sha256"]),
        # paramiko knows none of its post-quantum ones.
        (OPENSSH_9, False, ["sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "curve25519-sha256@libssh.org"]),
        (["diffie-hellman-group14-sha1"], False, []),
    ],
)
def test_key_exchanges_are_those_that_every_client_of_slipway_knows(
    known: list[str], classical: bool, expected: list[str]
) -> None:
    assert sshd_settings.key_exchanges(known, classical) == expected


def test_no_broken_algorithm_is_on_any_list() -> None:
    offered = " ".join([*sshd_settings.POST_QUANTUM, *sshd_settings.CIPHERS, *sshd_settings.MACS])
    assert not re.search(r"sha1|md5|cbc|arcfour|nistp|umac-64|group1-|dss", offered)
    assert all(name.endswith("-etm@openssh.com") for name in sshd_settings.MACS)


def test_options_of_the_inventory_win_and_a_null_leaves_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sshd_settings, "own_settings", lambda classical: {"Ciphers": "aes256-ctr", "MACs": "none"})
    text = sshd_settings.wanted_text({"ciphers": "aes128-ctr", "MACs": None, "Port": 2222}, False)
    assert text.splitlines()[1:] == ["ciphers aes128-ctr", "Port 2222"]


@pytest.mark.parametrize(("bits", "offered"), [(3072, True), (2048, False)])
def test_a_short_host_key_is_not_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int, offered: bool
) -> None:
    (tmp_path / "ssh_host_rsa_key.pub").touch()
    (tmp_path / "ssh_host_ed25519_key.pub").touch()
    monkeypatch.setattr(sshd_settings, "_bits", lambda file: bits)
    assert ("rsa-sha2-512" in sshd_settings.host_key_algorithms(tmp_path)) is offered
    assert "ssh-ed25519" in sshd_settings.host_key_algorithms(tmp_path)


def test_a_drop_in_that_another_file_overrides_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"permitrootlogin": "without-password", "passwordauthentication": "yes"}
    monkeypatch.setattr(sshd_settings, "effective", lambda: found)
    text = "PermitRootLogin prohibit-password\nPasswordAuthentication no\nPort 1\n"
    assert sshd_settings.ignored(text) == ["PasswordAuthentication"]


@pytest.mark.parametrize("options", [{"allowgroups": "ssh"}, {"AllowUsers": None}])
def test_an_inventory_that_says_who_may_log_in_is_left_alone(options: dict[str, Any]) -> None:
    assert sshd_settings.limits_users(options)
    assert not sshd_settings.limits_users({"AllowTcpForwarding": "no"})


# --- the kernel ---


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    for name, value in {
        "net/ipv4/tcp_syncookies": "0",
        "net/ipv4/conf/all/send_redirects": "1",
        "net/ipv4/conf/default/send_redirects": "1",
        "net/ipv4/conf/eth0/send_redirects": "1",
        "kernel/dmesg_restrict": "0",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    return tmp_path


def test_what_differs_is_set_now_and_all_of_it_at_boot(proc: Path) -> None:
    wanted = {"net.ipv4.tcp_syncookies": "1", "net.ipv4.conf.all.send_redirects": "1", "kernel.dmesg_restrict": "1"}
    plan = kernel_settings.plan_settings(wanted, False, proc)
    assert plan.lines == [f"{name} = {value}" for name, value in wanted.items()]
    assert [path.name for path, _value in plan.now] == ["tcp_syncookies", "dmesg_restrict"]
    assert not plan.skipped


def test_the_default_of_interfaces_is_set_for_those_that_are_there(proc: Path) -> None:
    plan = kernel_settings.plan_settings({"net.ipv4.conf.default.send_redirects": "0"}, False, proc)
    assert [path.parent.name for path, _value in plan.now] == ["default", "eth0"]


def test_a_setting_that_the_kernel_lacks_is_said_and_left_out(proc: Path) -> None:
    plan = kernel_settings.plan_settings({"kernel.no_such_thing": "1", "kernel.dmesg_restrict": "1"}, False, proc)
    assert plan.lines == ["kernel.dmesg_restrict = 1"]
    assert plan.skipped == ["kernel settings that this kernel lacks: kernel.no_such_thing"]


def test_a_container_sets_its_network_alone(proc: Path) -> None:
    wanted = {"net.ipv4.tcp_syncookies": "1", "kernel.dmesg_restrict": "1"}
    plan = kernel_settings.plan_settings(wanted, True, proc)
    assert plan.lines == ["net.ipv4.tcp_syncookies = 1"]
    assert [path.name for path, _value in plan.now] == ["tcp_syncookies"]
    assert "its host's kernel" in plan.skipped[0]


def test_memory_is_read() -> None:
    assert kernel_settings.memory_information("MemTotal:  2048 kB\nSwapTotal:     0 kB\n") == {
        "MemTotal": 2048,
        "SwapTotal": 0,
    }


# --- files ---


def files(**changes: Any) -> dict[str, str]:
    found, _skipped = baseline_files.chosen(SWITCHES | changes, ["a = 1"], False)
    return {str(file.path): file.text for file in found}


@pytest.mark.parametrize(
    ("switch", "off", "path"),
    [
        ("upgrades", False, "/etc/apt/apt.conf.d/52slipway-upgrades"),
        ("journal", False, "/etc/systemd/journald.conf.d/60-slipway.conf"),
        ("core_dumps", True, "/etc/security/limits.d/60-slipway.conf"),
        ("quiet_login", False, "/etc/issue.net"),
        ("shell_timeout", 0, "/etc/profile.d/slipway-timeout.sh"),
        ("modules", [], "/etc/modprobe.d/60-slipway.conf"),
    ],
)
def test_every_file_has_its_switch(switch: str, off: Any, path: str) -> None:
    assert path in files() and path not in files(**{switch: off})


def test_security_updates_leave_docker_alone_and_reboot_when_asked_for() -> None:
    text = files()["/etc/apt/apt.conf.d/52slipway-upgrades"]
    assert '"^docker\\-ce$";' in text and '"^containerd\\.io$";' in text
    assert 'Automatic-Reboot "true"' in text and 'Automatic-Reboot-Time "04:30"' in text
    assert 'Automatic-Reboot "false"' in files(upgrades_reboot="")["/etc/apt/apt.conf.d/52slipway-upgrades"]


def test_nothing_before_a_login_names_the_system() -> None:
    assert not re.search(r"(?i)debian|ubuntu|linux|\\[a-z]", files()["/etc/issue"] + files()["/etc/issue.net"])


# --- /etc/login.defs ---

# As Debian has it: one setting, one that is only explained, and prose that begins as a setting does.
DEFINITIONS = """\
#	PASS_MAX_DAYS	Maximum number of days a password may be used.
PASS_MAX_DAYS	99999
PASS_MIN_DAYS\t0
#SHA_CRYPT_MIN_ROUNDS 5000

USERGROUPS_ENAB yes
"""


@pytest.mark.parametrize(
    ("name", "line_before"),
    [
        ("PASS_MAX_DAYS", "#	PASS_MAX_DAYS	Maximum number of days a password may be used."),
        ("SHA_CRYPT_MIN_ROUNDS", "#SHA_CRYPT_MIN_ROUNDS 5000"),
        ("FAILLOG_ENAB", "USERGROUPS_ENAB yes"),
    ],
)
def test_a_login_setting_gets_its_line_and_nothing_else_changes(name: str, line_before: str) -> None:
    text = login_definitions.edited(DEFINITIONS, {name: "7"})
    lines = text.splitlines()
    assert lines[lines.index(f"{name}\t7") - 1] == line_before
    assert login_definitions.read(text) == login_definitions.read(DEFINITIONS) | {name: "7"}
    assert set(DEFINITIONS.splitlines()) - set(lines) <= {f"{name}\t99999"}


def test_login_settings_that_are_right_stay_as_they_are() -> None:
    wanted = {"PASS_MAX_DAYS": "365", "SHA_CRYPT_MIN_ROUNDS": "65536", "FAILLOG_ENAB": "yes"}
    text = login_definitions.edited(DEFINITIONS, wanted)
    assert login_definitions.edited(text, wanted) == text
    spaced = "USERGROUPS_ENAB   yes\n"
    assert login_definitions.edited(spaced, {"USERGROUPS_ENAB": "yes"}) == spaced


def test_of_two_lines_for_a_login_setting_the_last_counts() -> None:
    text = login_definitions.edited("UMASK 027\nUMASK 022\n", {"UMASK": "027"})
    assert text == "UMASK\t027\nUMASK\t027\n" and login_definitions.read("UMASK 027\nUMASK 022\n") == {"UMASK": "022"}


def test_passwords_expire_on_a_strict_server_alone() -> None:
    assert "PASS_MAX_DAYS" not in evaluate("baseline", "__baseline_login_settings")
    strict = evaluate("baseline", "__baseline_login_settings", baseline_strict="true")
    assert strict["PASS_MAX_DAYS"] == 365
    own = {"PASS_MAX_DAYS": None, "UMASK": "077", "PASS_MIN_DAYS": 7}
    changed = evaluate("baseline", "__baseline_login_settings", baseline_strict=True, baseline_login_settings=own)
    assert "PASS_MAX_DAYS" not in changed and changed["UMASK"] == "077" and changed["PASS_MIN_DAYS"] == 7


def test_a_strict_server_s_files_are_watched_by_a_timer() -> None:
    watched, service, timer = baseline_strict.strict_files()
    assert "/etc Whole" in watched.text and "sha256" in watched.text and "/var/lib/docker" not in watched.text
    assert str(watched.path) in service.text and "OnCalendar=daily" in timer.text
    assert timer.path.name in timer.apply and timer.path.stem == service.path.stem


# --- the role's variables, the operator, the connection ---


def test_kernel_settings_are_merged_and_switched_off() -> None:
    changed = evaluate("baseline", "__baseline_sysctl", baseline_sysctl={"kernel.sysrq": None, "kernel.panic": 10})
    assert "kernel.sysrq" not in changed and changed["kernel.panic"] == 10 and changed["net.ipv4.ip_forward"] == 1
    assert evaluate("baseline", "__baseline_sysctl", baseline_kernel=False) == {}


def test_docker_s_forwarding_comes_first() -> None:
    """A change of it sets others back to their defaults."""
    text = (Path(__file__).parents[2] / "roles/baseline/vars/main.yml").read_text()
    assert next(iter(yaml.safe_load(text)["__baseline_sysctl_defaults"])) == "net.ipv4.ip_forward"


def test_packages_follow_the_switches() -> None:
    assert evaluate("baseline", "__baseline_needed_packages") == ["sudo", "unattended-upgrades"]
    without = {"baseline_operator": False, "baseline_upgrades": "no", "baseline_packages": ["auditd"]}
    assert evaluate("baseline", "__baseline_needed_packages", **without) == ["auditd"]
    strict = evaluate("baseline", "__baseline_needed_packages", baseline_strict="yes")
    assert strict == [
        "sudo",
        "unattended-upgrades",
        "aide",
        "apt-listchanges",
        "auditd",
        "libpam-passwdqc",
        "libpam-tmpdir",
    ]
    assert evaluate("firewall", "__firewall_needed_packages", firewall_enabled=False) == []


def test_a_key_with_a_forced_command_lets_nobody_in() -> None:
    text = '# root\n\nno-pty,command="echo use debian" ssh-ed25519 AAAA\nssh-ed25519 BBBB me\n'
    assert usable_keys(text) == ["ssh-ed25519 BBBB me"]


def test_root_is_reached_as_the_inventory_says() -> None:
    plain = FreshConnection("web-1", {"user": "root"}, None, False)
    assert plain._as_root("id -u") == "sh -c 'id -u'"
    operator = plain.as_user("slipway")
    assert operator.sudo and operator.settings["user"] == "slipway"
    assert operator._as_root("id -u") == "sudo -n -H sh -c 'id -u'"
    asked = FreshConnection("web-1", {"user": "me"}, None, True, "secret")
    assert (
        "secret" not in asked._as_root("id -u") and "sudo -S" in asked._as_root("id -u") and "secret" not in repr(asked)
    )


# As OpenSSH 9.2 says it of a connection that a firewall drops, and of one that breaks while a command runs.
DROPPED = "Connection timed out during banner exchange\nConnection to 192.0.2.7 port 22 timed out"
BROKEN = "client_loop: send disconnect: Broken pipe"


@pytest.mark.parametrize(("said", "tries"), [(DROPPED, 2), (BROKEN, 1)])
def test_a_change_is_given_again_only_where_it_has_not_begun(
    monkeypatch: pytest.MonkeyPatch, said: str, tries: int
) -> None:
    answers = [Answer(255, "", said), Answer(0, "changed", "")]
    given: list[str] = []

    def run(_connection: FreshConnection, command: str, text: str = "") -> Answer:
        given.append(f"{command} {text}")
        return answers[len(given) - 1]

    monkeypatch.setattr(FreshConnection, "run", run)
    monkeypatch.setattr(fresh_connection, "PAUSE_SECONDS", 0)
    connection = FreshConnection("web-1", {"user": "slipway"}, None, True)
    answer = connection.insist("python3 -", 10, "change()", repeatable=False)
    assert given == ["python3 - change()"] * tries and answer == answers[tries - 1]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("OpenSSH_8.9p1 Ubuntu-3ubuntu0.13, OpenSSL 3.0.2 15 Mar 2022", False),
        ("OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025", True),
        ("OpenSSH_10.2p1 Ubuntu-2ubuntu3, OpenSSL 3.5.3", True),
        ("something else", False),
    ],
)
def test_the_size_of_users_keys_is_asked_for_where_sshd_knows_it(
    shown: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ubuntu 22.04's OpenSSH 8.9 refuses a file with that setting."""
    answer = subprocess.CompletedProcess([], 0, "", shown)
    monkeypatch.setattr(sshd_settings, "run", lambda *_, **__: answer)
    assert ("RequiredRSASize" in sshd_settings.own_settings(False)) is expected
