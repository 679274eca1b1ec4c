"""People who use the applications through the proxy, and the pages that they see."""

from __future__ import annotations

import time

import requests

from examples.microblog.tests.visit import Person
from sandbox import acme
from tests.sandbox.server import Server

WAIT_SECONDS = 120


def person(server: Server, domain: str = "microblog.localhost") -> Person:
    """Somebody with a browser, who reaches the server's ports as this machine publishes them."""
    scheme, _, address = server.url.partition("://")
    return Person(f"{scheme}://{domain}", address, authority=str(acme.ROOTS) if scheme == "https" else None)


def page(server: Server, domain: str, path: str = "/", method: str = "GET", **options: object) -> requests.Response:
    """One request to an application on the server; over HTTPS its certificate has to be acme.sandbox's."""
    with person(server, domain).http as http:
        return http.request(method, f"{server.url}{path}", timeout=30, **options)


def serves(server: Server, domain: str, path: str = "/health") -> bool:
    """Whether it answers 200 now."""
    try:
        return page(server, domain, path).status_code == 200
    except requests.RequestException:
        return False


def is_whole(server: Server, domain: str) -> bool:
    """Whether microblog finds all that it depends on."""
    if not serves(server, domain):
        return False
    found = page(server, domain, "/health").json().get("dependencies", {})
    return all(dependency["state"] == "up" for dependency in found.values())


def wait_until_whole(server: Server, domain: str) -> None:
    """Waits, as after a reboot, until microblog and its services are there. Raises AssertionError if they are not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_whole(server, domain):
        assert time.monotonic() < deadline, f"{domain} is not whole after {WAIT_SECONDS} s"
        time.sleep(0.5)
