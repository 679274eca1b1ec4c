"""A canary for each place that is searched: proof that the search would have found a secret there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote

from tests.sandbox.server import Server
from tests.security.search.places import encoded

# Made on the server for the canaries alone.
CONTAINER, IMAGE, UNIT = "canary", "canary-image", "canary-argument"
BASE = "hello-world:latest"
LEDGER = "/var/lib/slipway/microblog/ledger.jsonl"

# Where each is planted ({}: its value), and the places that have to find it.
_PLANTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "argument": (f"systemd-run --quiet --unit={UNIT} perl -e 'sleep 300' {{}}", ("arguments",)),
    "inspect": (f"docker create --name {CONTAINER} --label canary={{}} {BASE}", ("inspect", "records of the engine")),
    "journal": ("logger {base64}", ("journal",)),
    "proxy": (
        "printf 'GET /%s HTTP/1.0\\r\\nHost: {domain}\\r\\n\\r\\n' '{url}' | timeout 5 bash -c "
        "'exec 3<>/dev/tcp/127.0.0.1/80; cat >&3; head -n 1 <&3'",
        ("logs of the proxy", "logs of containers", "records of the engine"),
    ),
    "ledger": (f'printf \'{{{{"canary": "%s"}}}}\' {{}} >{LEDGER}.canary', ("records of releases",)),
    "world": ("echo {base64} >/opt/canary && chmod 604 /opt/canary", ("files for all",)),
    "group": (
        "echo {} >/opt/canary-group && chgrp users /opt/canary-group && chmod 640 /opt/canary-group",
        ("files for all",),
    ),
    "layer": (
        f"printf 'FROM {BASE}\\nCOPY value /value\\n' >/root/c/Dockerfile && echo {{}} >/root/c/value && "
        f"docker build -q -t {IMAGE} /root/c && rm /root/c/*",
        ("image layers and build cache",),
    ),
    "build": (
        f"printf 'FROM {BASE}\\nLABEL canary={{}}\\n' | docker build -q -t {IMAGE}-2 -",
        ("inspect", "history of images", "image layers and build cache"),
    ),
    "registry": (
        f"printf 'FROM {BASE}\\nCOPY value /value\\n' >/root/c/Dockerfile && echo {{}} >/root/c/value && "
        "docker build -q -t {repository}:canary /root/c && docker push -q {repository}:canary && rm /root/c/*",
        ("registry",),
    ),
    "history": ("echo 'login {}' >>/root/.bash_history", ("history of shells", "files of root")),
    "log": ("echo {url} >/var/log/canary.log", ("log files",)),
    "temporary": ("echo {} >/tmp/canary", ("temporary files",)),
}


def make() -> dict[str, str]:
    """A value for each; of characters that each form writes otherwise."""
    return {f"canary {name}": f"{secrets.token_hex(6)}/{secrets.token_hex(6)}+=" for name in _PLANTED}


def expected(name: str) -> tuple[str, ...]:
    return _PLANTED[name.removeprefix("canary ")][1]


@contextmanager
def planted(server: Server, values: Mapping[str, str], domain: str, repository: str) -> Iterator[None]:
    """Plants them, and takes them away again."""
    server.run("mkdir -p /root/c")
    try:
        for name, value in values.items():
            command = _PLANTED[name.removeprefix("canary ")][0]
            more = {"base64": encoded(value), "url": quote(value, safe=""), "domain": domain, "repository": repository}
            # The script comes by standard input: the shell that plants one must not be where another is found.
            server.run("bash -s", command.format(value, value, **more))
        yield
    finally:
        server.run(
            f"systemctl stop {UNIT}; docker rm -f {CONTAINER}; docker rmi -f {IMAGE} {IMAGE}-2 {repository}:canary; "
            f"rm -rf /root/c /opt/canary* /tmp/canary /var/log/canary.log {LEDGER}.canary; "
            "sed -i '/login /d' /root/.bash_history; true"
        )
