"""The proxy's throughput: HTTPS with all that a site has by default, against plain HTTP with nothing added."""

from __future__ import annotations

import io
import re
import statistics
from collections.abc import Callable
from typing import Any

import docker

from sandbox import names
from tests.bench.common import Bench, Goal, Result, take_turns
from tests.releases import images
from tests.sandbox.playbook import temporary_folder
from tests.sandbox.project import Project
from tests.sandbox.server import Server

TITLE = "The proxy's throughput with TLS"
SHORT = False
ORDER = 90

METHOD = """\
wrk (two threads, 32 connections that stay open) in a container on the sandbox's network, against four sites of one
server, in turns. Each application has two sites: plain HTTP with no header, compression or limit of the proxy's, and
HTTPS (TLS 1.3) with all that a site has by default. `beacon` is a small application in Python, `fixed` a server that
answers 2 kB of HTML as fast as it can, so that the proxy alone is measured. Both write their access log. All share the machine's
processors: client, proxy and application.
"""
ROUNDS, SECONDS, SHORT_ROUNDS, SHORT_SECONDS = 6, 10, 2, 3
IMAGE = "slipway-sandbox/wrk:2"
DOCKERFILE = """
FROM debian:13
RUN apt-get update && apt-get install --yes --no-install-recommends netbase wrk && rm -rf /var/lib/apt/lists/*
"""
PAGE = "<!doctype html>" + "<p>Nothing but light, said the beacon.</p>" * 48
PLAIN: dict[str, Any] = {
    "tls": False,
    "proxy": {
        "headers": dict.fromkeys(("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy")),
        "compression": False,
        "body_limit": "",
    },
}
# A round's requests are answered with 200, or the figure means nothing.
BAD = re.compile(r"Non-2xx|Socket errors")


def domain(server: Server, name: str) -> str:
    return f"{name}.{server.name}.sandbox"


def deploy(project: Project, server: Server) -> None:
    """The four applications, on a bare server."""
    images.build("beacon", "v1")
    fixed = ["caddy", "respond", "--listen", ":8000", "--header", "Content-Type: text/html", "--body", PAGE]
    for kind, changes in (("plain", PLAIN), ("secure", {"tls": "internal"})):
        project.add(f"beacon-{kind}", "beacon", tag="v1", domains=[domain(server, f"beacon-{kind}")], **changes)
        web = {"command": fixed, "deploy": {"replicas": 1}}
        definition = {"image": "caddy:2.11", "build": None, "health": "/", "processes": {"web": web}}
        project.add(f"fixed-{kind}", "beacon", domains=[domain(server, f"fixed-{kind}")], **definition, **changes)
    for name in ("beacon-plain", "beacon-secure", "fixed-plain", "fixed-secure"):
        project.deploy("-e", f"app={name}", "-e", "release_verify=false").succeeded()


def requests_per_second(url: str, seconds: int, *headers: str) -> float:
    """What wrk counts. AssertionError when an answer was not good."""
    options = [option for header in headers for option in ("-H", header)]
    output = docker.from_env().containers.run(
        IMAGE,
        ["wrk", "-t2", "-c32", f"-d{seconds}s", *options, url],
        network=names.NETWORK,
        dns=[names.DNS_ADDRESS],
        remove=True,
    )
    text = output.decode()
    assert not BAD.search(text), text
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert found, text
    return float(found[1])


def measure(bench: Bench) -> Result:
    docker.from_env().images.build(fileobj=io.BytesIO(DOCKERFILE.encode()), tag=IMAGE, rm=True)
    server = bench.server.bare()
    project = Project(temporary_folder("slipway-benchmark-"), app=[server.name])
    deploy(project, server)
    rounds, seconds = (SHORT_ROUNDS, SHORT_SECONDS) if bench.short else (ROUNDS, SECONDS)

    def asking(name: str, path: str = "/", *headers: str) -> Callable[[], float]:
        scheme = "http" if name.endswith("plain") else "https"
        return lambda: requests_per_second(f"{scheme}://{domain(server, name)}{path}", seconds, *headers)

    compressed = "Accept-Encoding: gzip"
    contenders = {
        "beacon, HTTP": asking("beacon-plain", "/page"),
        "beacon, HTTPS": asking("beacon-secure", "/page"),
        "beacon, HTTPS, compressed": asking("beacon-secure", "/page", compressed),
        "fixed, HTTP": asking("fixed-plain"),
        "fixed, HTTPS": asking("fixed-secure"),
        "fixed, HTTPS, compressed": asking("fixed-secure", "/", compressed),
    }
    found = take_turns(rounds, contenders)
    lines = ["| what | requests a second, median | least | most | of plain HTTP |", "| --- | --- | --- | --- | --- |"]
    for name, values in found.items():
        base = found[f"{name.partition(',')[0]}, HTTP"]
        share = "" if values is base else f"{100 * part(values, base):.0f} %"
        middle = statistics.median(values)
        lines.append(f"| {name} | {middle:.0f} | {min(values):.0f} | {max(values):.0f} | {share} |")
    lost = 100 * (1 - part(found["beacon, HTTPS"], found["beacon, HTTP"]))
    goal = Goal("lost of an application's throughput", lost, 10, "%")
    return Result(f"{METHOD}\n" + "\n".join(lines) + f"\n\n- {goal}", [goal])


def part(values: list[float], base: list[float]) -> float:
    """The median, over the rounds, of what is left of `base`."""
    return statistics.median(one / other for one, other in zip(values, base, strict=True))
