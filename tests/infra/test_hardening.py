"""The server as the roles baseline and firewall make it: sshd, kernel, files, packages, what comes in.

A release leaves these checks out: what somebody has changed on the server by hand is no reason to keep one back.
"""

import pytest
from checks import each, expect, require, show, the_world
from world import FIREWALL

WORLD = the_world()
WANTED, FOUND = WORLD.expectation["hardening"], WORLD.facts["hardening"]

if WORLD.releasing:
    pytest.skip("left out in a release", allow_module_level=True)

APPLIES = "(playbooks/deploy.yml applies it)"
LISTS = {"kexalgorithms": "key exchange", "ciphers": "ciphers", "macs": "MACs", "hostkeyalgorithms": "host keys"}
# ssh_offer's rule, by which the probe from outside goes as well.
WEAK = ("sha1", "ssh-rsa", "ssh-dss", "cbc", "3des", "arcfour", "md5", "umac-64", "nistp", "none")
GUARD = WANTED["firewall"]


def _kernel(name):
    """Settings that a container shares with its host are the host's."""
    if FOUND["container"] and not name.startswith("net."):
        pytest.skip("a container has its host's kernel")
    value = WORLD.facts["kernel"][name]
    if not value:
        pytest.skip("this kernel does not have it")
    return " ".join(value.split())


@each("option", sorted(WANTED["ssh"]))
def test_sshd_option(option):
    found = FOUND["ssh"].get(option)
    if found is None:
        pytest.skip("this sshd does not have it")
    expect(found.lower(), str(WANTED["ssh"][option]).lower(), f"sshd's {option} {APPLIES}")


@pytest.mark.skipif(not WANTED["ssh"], reason="baseline_ssh is off")
@each("kind", sorted(LISTS), LISTS.get)
def test_sshd_offers_nothing_weak(kind):
    names = FOUND["ssh"].get(kind, "").split(",")
    weak = [name for name in names if any(sign in name for sign in WEAK)]
    require(
        names != [""] and not weak, f"strong {LISTS[kind]} alone {APPLIES}", show(weak) if names != [""] else "none"
    )


@each("setting", sorted(WANTED["sysctl"]))
def test_kernel_setting(setting):
    expect(_kernel(setting), WANTED["sysctl"][setting], f"{setting} {APPLIES}")


@each("path", sorted(WANTED["files"]))
def test_file_is_as_the_role_writes_it(path):
    found, wanted = FOUND["files"][path], WANTED["files"][path].strip()
    require(found == wanted, f"the text of role baseline {APPLIES}", "another" if found else "no file", path)


@each("setting", sorted(WANTED["login"]))
def test_login_setting(setting):
    expect(FOUND["login"].get(setting), WANTED["login"][setting], f"{setting} in /etc/login.defs {APPLIES}")


@each("package", WANTED["packages"])
def test_package_is_there(package):
    require(package in FOUND["packages"], f"the package {package} {APPLIES}", "none")


@each("package", WANTED["removed"])
def test_package_is_gone(package):
    require(package not in FOUND["packages"], f"no package {package} {APPLIES}", FOUND["packages"].get(package, ""))


@each("timer", WANTED["timers"])
def test_timer_runs(timer):
    found = FOUND["units"].get(timer, {})
    expect(f"{found.get('UnitFileState')}, {found.get('ActiveState')}", "enabled, active", timer)


@pytest.mark.skipif(not WANTED["operator"], reason="no operator beside root")
def test_operator_may_administer():
    require(FOUND["operator"]["sudo"], f"{WANTED['operator']} to use sudo without a password", "that it may not")


guarded = pytest.mark.skipif(not GUARD, reason="firewall_enabled is off")


@guarded
def test_firewall_is_loaded():
    require(bool(FOUND["firewall"]), f"the table inet slipway in the kernel {APPLIES}", "none")


@guarded
def test_firewall_comes_back_at_boot():
    found = FOUND["units"].get(FIREWALL, {})
    expect(f"{found.get('UnitFileState')}, {found.get('ActiveState')}", "enabled, active", FIREWALL)


@guarded
def test_firewall_refuses_what_it_does_not_list():
    expect(FOUND["firewall"].get("input", {}).get("policy"), "drop", "policy of the chain input")


@guarded
def test_firewall_refuses_for_containers_what_it_does_not_list():
    expect(FOUND["firewall"].get("forward", {}).get("last"), "drop", "last rule of the chain forward")


def _accepted(limited):
    """What the chain input accepts, as 443/tcp."""
    accepts = FOUND["firewall"].get("input", {}).get("accepts", [])
    # DHCP's own answers are no service.
    return {f"{each['port']}/{each['protocol']}" for each in accepts if each["limited"] == limited} - {
        "68/udp",
        "546/udp",
    }


def _ssh_ports():
    ports = GUARD["ssh_ports"] or [int(FOUND["ssh"].get("port", 22))]
    return {f"{port}/tcp" for port in ports}


@guarded
def test_firewall_lets_ssh_in():
    found = _accepted(bool(GUARD["ssh_from"]))
    require(_ssh_ports() <= found, show(sorted(_ssh_ports())), show(sorted(found)))


@each("port", GUARD["open"] if GUARD else [])
def test_firewall_lets_in(port):
    require(port in _accepted(False), f"{port} open to everybody {APPLIES}", show(sorted(_accepted(False))))


@each("port", GUARD["open"] if GUARD else [])
def test_firewall_lets_in_to_containers(port):
    accepts = FOUND["firewall"].get("forward", {}).get("accepts", [])
    found = sorted(f"{each['port']}/{each['protocol']}" for each in accepts)
    require(port in found, f"{port} open where a container publishes it {APPLIES}", show(found))


@each("port", GUARD["some"] if GUARD else [])
def test_firewall_lets_some_in(port):
    require(port in _accepted(True), f"{port} open to named addresses {APPLIES}", show(sorted(_accepted(True))))


@guarded
def test_firewall_lets_nothing_else_in():
    ssh = set() if GUARD["ssh_from"] else _ssh_ports()
    more = _accepted(False) - set(GUARD["open"]) - ssh
    everything = ["everything"] if FOUND["firewall"].get("input", {}).get("all") else []
    wanted = "nothing open to everybody but what the inventory lists"
    require(not more and not everything, wanted, show([*everything, *sorted(more)]))


@guarded
@pytest.mark.skipif(not GUARD.get("ssh_rate"), reason="firewall_ssh_rate is 0")
def test_firewall_counts_connections_to_ssh():
    require("ssh" in FOUND["firewall"], "a chain that limits new connections to SSH", "none")
