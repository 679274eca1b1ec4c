"""The outside: who else is in the servers' network and tries their ports, and who tries to log in."""

from __future__ import annotations

import subprocess

from sandbox import keys, names
from sandbox.servers import OPERATOR
from tests.releases.fleet import Host

SECONDS = 2


class Outside:
    """A container beside the servers, from which ports are tried as a stranger would."""

    container = names.container_name("packages")

    def open_ports(self, host: Host, ports: list[int]) -> dict[str, list[int]]:
        """Those of the TCP ports that take a connection, over IPv4 and over IPv6."""
        found: dict[str, list[int]] = {}
        for family, address in (("IPv4", host.address), ("IPv6", names.ipv6(host.address))):
            tries = "".join(
                f"(timeout {SECONDS} bash -c '</dev/tcp/{address}/{port}' && echo {port}) & " for port in ports
            )
            command = ["docker", "exec", self.container, "bash", "-c", f"{{ {tries} wait; }} 2>/dev/null"]
            shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
            found[family] = sorted(int(port) for port in shown.split())
        return found

    def connections(self, host: Host, port: int, count: int) -> list[bool]:
        """Which of so many connections, one after the other, a TCP port has taken."""
        tries = f"for _ in $(seq {count}); do timeout 1 bash -c '</dev/tcp/{host.address}/{port}'; echo $?; done"
        command = ["docker", "exec", self.container, "bash", "-c", f"{{ {tries}; }} 2>/dev/null"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        return [code == "0" for code in shown.split()]


def login(host: Host, user: str, command: str = "true", *options: str) -> subprocess.CompletedProcess[str]:
    """A login over a connection of its own, by key and without a question."""
    ssh = keys.ssh_command(host.what, user)
    more = [
        word
        for option in ("BatchMode=yes", "ConnectTimeout=5", "ControlPath=none", *options)
        for word in ("-o", option)
    ]
    return subprocess.run(
        [ssh[0], *more, *ssh[1:], command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def operator_gets_in(host: Host) -> bool:
    """Whether the operator logs in and becomes root."""
    return login(host, OPERATOR, "sudo -n id -u").stdout.strip() == "0"


def root_gets_in(host: Host) -> bool:
    return login(host, "root").returncode == 0
