"""HTTPS from this machine over a connection that the server opens (ssh -W): it needs no program there, a password that
is sent stays out of the server, and what is tried is the server's own way to the outside.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

LARGEST_BODY = 256 * 1024
DOCKER_HUB_REGISTRY = "registry-1.docker.io"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class TunnelError(Exception):
    """Why there was no answer, in a line. `forbidden`: the server's sshd does not let connections through."""

    def __init__(self, message: str, forbidden: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden


@dataclass(frozen=True)
class Answer:
    """What an HTTPS request was answered with; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: str


# GET of an HTTPS address with these headers.
Get = Callable[[str, dict[str, str]], Answer]


@contextmanager
def connected(ssh_config: Path, name: str, place: str, seconds: float) -> Iterator[socket.socket]:
    """A socket that is connected to `place` (host:port) by the server that ssh_config calls `name`."""
    ours, theirs = socket.socketpair()
    command = ["ssh", "-F", str(ssh_config), "-o", f"ConnectTimeout={int(seconds)}", "-W", place, name]
    with ours, theirs:
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True)
        theirs.close()
        try:
            ours.settimeout(seconds)
            yield ours
        except (OSError, http.client.HTTPException) as error:
            process.terminate()
            said = _last_line(process.communicate(timeout=5)[1])
            forbidden = "administratively prohibited" in said
            raise TunnelError(_reason(error, said, seconds), forbidden) from None
        finally:
            process.terminate()
            process.communicate()


def _last_line(text: str) -> str:
    # ssh's own words on a channel (channel 0: open failed: connect failed: Connection refused) say more than its last.
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if "open failed" in line), lines[-1] if lines else "")


def _reason(error: Exception, said: str, seconds: float) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    return said.rpartition("failed: ")[2] or str(error)


def getter(ssh_config: Path, name: str, seconds: float, authorities: dict[str, str]) -> Get:
    """GET by way of a server. `authorities`: PEM files of the authorities of hosts with certificates of their own."""

    def get(url: str, headers: dict[str, str]) -> Answer:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        context = ssl.create_default_context()
        authority = authorities.get(parts.netloc) or authorities.get(host)
        if authority:
            context.load_verify_locations(cafile=authority)
        with connected(ssh_config, name, f"{host}:{port}", seconds) as raw:
            connection = http.client.HTTPConnection(host, port, timeout=seconds)
            connection.sock = context.wrap_socket(raw, server_hostname=host)
            path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            connection.request("GET", path, headers={"User-Agent": "slipway", **headers})
            response = connection.getresponse()
            body = response.read(LARGEST_BODY).decode(errors="replace")
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, body)

    return get


def log_in(get: Get, server: str, username: str, password: str) -> str:
    """Tries a login at a registry; '' when it works (or no login is asked for), else why not.

    Distribution specification, "API version check", and Docker's token authentication. Raises TunnelError.
    """
    url = f"https://{server or DOCKER_HUB_REGISTRY}/v2/"
    basic = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    answer = get(url, {})
    if answer.status == 200 or (answer.status == 401 and not username):
        return ""
    challenge = answer.headers.get("www-authenticate", "")
    if answer.status == 401 and challenge.lower().startswith("bearer"):
        fields = dict(_CHALLENGE.findall(challenge))
        query = f"service={quote(fields.get('service', ''))}&account={quote(username)}"
        answer = get(f"{fields.get('realm', '')}?{query}", {"Authorization": basic})
    elif answer.status == 401:
        answer = get(url, {"Authorization": basic})
    if answer.status == 200:
        return ""
    return "refused" if answer.status in (401, 403) else f"answered {answer.status}"


def is_acme_directory(answer: Answer) -> bool:
    """Whether an answer is an ACME server's directory (RFC 8555, section 7.1.1)."""
    try:
        directory = json.loads(answer.body)
    except ValueError:
        return False
    return answer.status == 200 and isinstance(directory, dict) and "newOrder" in directory
