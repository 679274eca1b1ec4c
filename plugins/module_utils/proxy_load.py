"""Loading the proxy's configuration: what is served goes on, also where another authority is to certify it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from . import docker_engine as engine
from .authority_change import Change, Storage, find_changes, interim, read_pair
from .problem import OperationError
from .proxy_certificates import PAUSE_SECONDS, all_served
from .proxy_host import CONTAINER, ProxyHost
from .proxy_sites import read_header

# What Caddy has stored it serves within moments.
SERVE_SECONDS = 5.0


def load(proxy: ProxyHost, seconds: float) -> None:
    """Loads the files, and waits up to `seconds` for the certificates of new names and of changed authorities.

    Raises OperationError that says what the authority said.
    """
    names = proxy.new_names()
    configuration, storage, changes = _look(proxy)
    begun = time.time()
    if changes:
        _give(interim(configuration, changes, managed=False))
        for change in changes:
            change.make_room(storage)
        _give(interim(configuration, changes, managed=True))
        _wait(storage, changes, seconds)
    refused = [change for change in changes if not change.is_done(storage)]
    for change in refused:
        change.lend(storage)
    proxy.reload()
    if refused:
        told = proxy.what_was_said([change.name for change in refused], begun)
        raise OperationError(
            f"no certificate within {seconds:g} s for {told}. The one from before goes on serving, "
            "and the proxy goes on trying by itself; docs/tls.md says more"
        )
    _expect_new(proxy, changes)
    proxy.wait_for_certificates(names, seconds)


def _look(proxy: ProxyHost) -> tuple[dict[str, Any], Storage, list[Change]]:
    """The configuration as Caddy reads the files, its storage, and the names whose authority has changed."""
    storage = Storage(_volume(proxy) / "caddy/certificates")
    own = [(path, path.with_suffix(".key")) for path in (proxy.folder / "certificates").glob("*.pem")]
    pairs = [pair for pair in (read_pair(*paths) for paths in own) if pair]
    sites = [read_header(path) for path in sorted(proxy.sites.glob("*.caddy"))]
    names = [name for site in sites if site.get("tls") == "automatic" for name in site.get("domains", [])]
    if not names or not (pairs or storage.folder.is_dir()):
        return {}, storage, []
    adapted = engine.docker("exec", CONTAINER, "caddy", "adapt", "--config", "/etc/caddy/Caddyfile", check=False)
    if adapted.returncode != 0:
        # The load says what is wrong.
        return {}, storage, []
    configuration = json.loads(adapted.stdout)
    served = all_served(proxy.address, 443, names)
    return configuration, storage, find_changes(configuration, storage, served, pairs)


def _volume(proxy: ProxyHost) -> Path:
    mounts = {mount["Destination"]: mount["Source"] for mount in proxy.inspect().get("Mounts", [])}
    return Path(mounts.get("/data", "/nonexistent"))


def _give(configuration: dict[str, Any]) -> None:
    """Loads a configuration that stands in no file. Raises OperationError."""
    command = ["caddy", "reload", "--force", "--config", "-"]
    engine.docker("exec", "--interactive", CONTAINER, *command, text=json.dumps(configuration))


def _wait(storage: Storage, changes: list[Change], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not all(change.is_done(storage) for change in changes) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)


def _expect_new(proxy: ProxyHost, changes: list[Change]) -> None:
    """Waits until the new certificates are served."""
    old = {change.name: change.old.leaf for change in changes}
    deadline = time.monotonic() + SERVE_SECONDS
    while old and time.monotonic() < deadline:
        found = all_served(proxy.address, 443, old)
        old = {name: leaf for name, leaf in old.items() if found[name] == leaf}
        time.sleep(PAUSE_SECONDS if old else 0)
