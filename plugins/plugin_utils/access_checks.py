"""Whether a host can be reached and worked on: its host key, the login, root's rights."""

from __future__ import annotations

import re

from ansible_collections.slipway.vps.plugins.module_utils.vitals import Vitals
from ansible_collections.slipway.vps.plugins.plugin_utils.failure_text import hint
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import FAIL, OK, Finding

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
# What ssh(1) says on a host key that is not the one it knows, and on one that it does not know.
_CHANGED = "remote host identification has changed"
_UNKNOWN = "host key is known for"
SHOW_KEY = "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` in the provider's console"


def unreachable(message: str, place: str) -> Finding:
    """What Ansible said of a connection that failed, as a finding. `place`: how known_hosts calls the server."""
    low = message.lower()
    fingerprint = _FINGERPRINT.search(message)
    if _CHANGED in low:
        found = "another host key than the one in known_hosts" + (f": {fingerprint[0]}" if fingerprint else "")
        advice = (
            f"Compare it with {SHOW_KEY}. Only if the server was made anew: "
            f"`ssh-keygen -R '{place}' -f <known_hosts>`, then add the new key"
        )
        return Finding("ssh", FAIL, found, advice)
    if _UNKNOWN in low or "host key verification failed" in low:
        host, _, port = place.strip("[").partition("]:")
        scan = f"ssh-keyscan -t ed25519 {f'-p {port} ' if port else ''}{host}"
        advice = f"`{scan}` prints it: compare with {SHOW_KEY}, then add the line to the inventory's known_hosts"
        return Finding("ssh", FAIL, "its host key is not in known_hosts", advice)
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    reason = (lines[-1] if lines else "no answer").removeprefix("Failed to connect to the host via ssh: ")
    advice = hint(message, unreachable=True) or "Check ansible_host, ansible_port and that the server runs"
    return Finding("ssh", FAIL, reason, advice[0].upper() + advice[1:])


def known_as(host: str, port: int) -> str:
    """A server's name in known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT")."""
    return host if port == 22 else f"[{host}]:{port}"


def root(vitals: Vitals, become: bool, refusal: str = "", newcomer: str = "") -> Finding:
    """Whether the tasks of a deploy will run as root. `refusal`: what sudo said to a password; `newcomer`: who is made
    by the first deploy.
    """
    if refusal:
        return Finding("sudo", FAIL, refusal, (hint(refusal) or "See ansible_become_password").capitalize())
    if vitals.user == "root":
        return Finding("sudo", OK, f"root; the first deploy makes the user {newcomer}" if newcomer else "root")
    if vitals.root != "yes":
        said = vitals.root.splitlines()[-1] if vitals.root else "no answer"
        if "not found" in said:
            advice = "Install sudo (as root: `apt-get install sudo`) and allow the user to use it, or log in as root"
        else:
            advice = f"As root: `echo '{vitals.user} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{vitals.user}`"
            advice += ", or --ask-become-pass"
        return Finding("sudo", FAIL, f"user {vitals.user}: {said.removeprefix('sudo: ')}", advice)
    if not become:
        advice = "Set `ansible_become: true` in the inventory"
        return Finding("sudo", FAIL, f"user {vitals.user} may use sudo, and Ansible is not told to", advice)
    return Finding("sudo", OK, f"user {vitals.user}, by sudo")
