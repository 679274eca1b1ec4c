"""A failed task in the words that a person needs: what failed where, the lines that explain it, what to do."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.docker_engine import tail

# What Ansible says of a cause, and what a person can do about it.
HINTS = (
    (
        "missing sudo password",
        "sudo wants a password: run with --ask-become-pass, or allow the user sudo without one (NOPASSWD)",
    ),
    (
        "a password is required",
        "sudo wants a password: run with --ask-become-pass, or allow the user sudo without one (NOPASSWD)",
    ),
    ("incorrect sudo password", "the sudo password was refused: check ansible_become_password or --ask-become-pass"),
    ("no space left", "free some space on the server (`docker system df` tells what images hold) and run again"),
)
# The same for a host that cannot be reached; elsewhere these words have other causes.
CONNECTION_HINTS = (
    (
        "host key verification failed",
        "the host key is not the one in the inventory's known_hosts: find out why before you change that file",
    ),
    ("permission denied (publickey", "the server refuses the key: check ansible_user and ansible_ssh_private_key_file"),
    ("connection refused", "nothing listens on the SSH port: check ansible_host and ansible_port, and that sshd runs"),
    ("timed out", "no answer: check ansible_host, the server's firewall and that it runs"),
    ("could not resolve hostname", "the name has no address: check ansible_host"),
)


def hint(message: str, unreachable: bool = False) -> str:
    low = message.lower()
    hints = CONNECTION_HINTS + HINTS if unreachable else HINTS
    return next((text for sign, text in hints if sign in low), "")


def failure_lines(host: str, task: str, data: dict[str, Any]) -> list[str]:
    """The lines for one failed result; the first one says it all."""
    data = _failed_item(data)
    message = str(data.get("msg") or data.get("message") or "failed").strip()
    if data.get("slipway_input"):
        return ["The input is not right; no host was contacted.", *(f"  {line}" for line in data["slipway_input"])]
    if data.get("unreachable"):
        lines = [f"{host} cannot be reached: {message.splitlines()[-1]}"]
    elif message.startswith(f"{host}") or data.get("slipway_summary"):
        lines = [message]
    else:
        lines = [f"{host}: {data.get('phase') or task} failed: {message}"]
    log = str(
        data.get("log") or data.get("slipway_log") or data.get("module_stderr") or data.get("stderr") or ""
    ).strip()
    if log:
        lines += [f"    | {line}" for line in tail(log).splitlines()]
    advice = hint(f"{message} {log}", bool(data.get("unreachable")))
    if advice and advice not in message:
        lines.append(f"  {advice}")
    return lines


def _failed_item(data: dict[str, Any]) -> dict[str, Any]:
    """The item of a loop that failed, in the place of the loop, which says only that its items are done."""
    items = [item for item in data.get("results") or [] if isinstance(item, dict)]
    failed = [item for item in items if item.get("failed") or item.get("unreachable")]
    return {**data, **failed[0]} if failed else data
