"""Docker's API over its socket: the same JSON as `docker inspect`, without starting a program for each question."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
from urllib.parse import quote

SOCKET = "/var/run/docker.sock"
SECONDS = 10
# A client in a container that does not answer must not hold up everything else.
EXEC_SECONDS = 20


class _Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(SOCKET)


def ask(path):
    """The answer to GET `path`; None for 404. Raises OSError where the engine does not answer."""
    connection = _Connection("localhost", timeout=SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status == 404:
        return None
    if response.status != 200:
        raise OSError(f"the Docker engine answered {response.status} to {path}: {body[:200].decode(errors='replace')}")
    return json.loads(body)


def containers(pool, application):
    """The inspections of the application's containers and of the proxy's."""
    found = ask("/containers/json?all=1")
    wanted = [
        each["Id"]
        for each in found
        if (each.get("Labels") or {}).get("slipway.app") == application or "/slipway-proxy" in each["Names"]
    ]
    return [data for data in pool.map(lambda name: ask(f"/containers/{name}/json"), wanted) if data]


def images(pool, references):
    """The inspections of images by the names that containers were made from; without those that are gone."""
    names = sorted(set(references))
    found = pool.map(lambda name: ask(f"/images/{quote(name, safe='/:@')}/json"), names)
    keep = ("Id", "RepoTags", "RepoDigests")
    return {
        name: {**{key: data.get(key) for key in keep}, "User": (data.get("Config") or {}).get("User", "")}
        for name, data in zip(names, found)  # noqa: B905 (strict= is Python 3.10's)
        if data
    }


def execute(container, command, text=""):
    """(exit code, output) of a command in a container; `text` is its standard input."""
    arguments = ["docker", "exec", "-i", container, *command]
    try:
        result = subprocess.run(
            arguments, input=text, capture_output=True, text=True, errors="replace", timeout=EXEC_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return 124, f"no answer within {EXEC_SECONDS} s"
    return result.returncode, (result.stdout + result.stderr).strip()
