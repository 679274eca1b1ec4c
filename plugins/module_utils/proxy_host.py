"""The proxy on a server: its files below one folder, its one container, the networks that it is connected to."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import docker_engine as engine
from .files import write_atomically
from .listeners import holders
from .problem import OperationError
from .proxy_certificates import reasons, without_certificate
from .proxy_sites import addresses, default_name, read_header

CONTAINER = "slipway-proxy"
START_SECONDS = 30.0
# What the Caddyfile imports into its global options.
DEFAULT_NAME = "default_name.caddy"
NO_MODULE = "The proxy's image has no such module: name one that has it in proxy_image (docs/tls.md)"
# Ways of a site to its certificates (`tls`) that take a while.
ISSUED = ("automatic", "internal")
# Of the log before a load, as much is searched for an authority's answer.
LOG_SECONDS = 5
FILES_PARAMETER = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "path": {"type": "str", "required": True},
        "content": {"type": "str", "required": True, "no_log": True},
        "mode": {"type": "str", "default": "0644"},
    },
}


@dataclass(frozen=True)
class Port:
    """A port of the host that the proxy publishes."""

    number: int
    protocol: str


@dataclass(frozen=True)
class ProxyFile:
    """A file that the configuration names: an authority, a certificate with its key, a secret. `path` is relative."""

    path: str
    content: str
    mode: int

    @property
    def text(self) -> str:
        return self.content.rstrip("\n") + "\n"

    def is_in(self, folder: Path) -> bool:
        path = folder / self.path
        return (
            path.is_file()
            and path.read_text(encoding="utf-8") == self.text
            and (path.stat().st_mode & 0o777) == self.mode
        )

    def write(self, folder: Path) -> str:
        """Writes the file; returns what was done."""
        write_atomically(folder / self.path, self.text, self.mode)
        return f"wrote {folder / self.path}"


def proxy_files(given: list[dict[str, Any]]) -> list[ProxyFile]:
    """The files of a module's parameter `files`."""
    return [ProxyFile(each["path"], each["content"], int(each["mode"], 8)) for each in given]


@dataclass(frozen=True)
class ProxyHost:
    """The proxy in `folder`, which the container sees as /etc/caddy."""

    folder: Path

    @property
    def caddyfile(self) -> Path:
        return self.folder / "Caddyfile"

    @property
    def sites(self) -> Path:
        return self.folder / "sites"

    # --- configuration ---

    def make_folders(self) -> None:
        """The proxy's folders; only root may list what lies above them."""
        self.folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (self.folder, self.sites, self.folder / "live", self.folder / "certificates"):
            folder.mkdir(mode=0o755, exist_ok=True)
        (self.folder / "secrets").mkdir(mode=0o700, exist_ok=True)

    def missing_files(self, files: list[ProxyFile]) -> list[ProxyFile]:
        """Those of the files that are not there as they should be."""
        return [file for file in files if not file.is_in(self.folder)]

    def remove_unused(self) -> None:
        """Removes certificates that no site names any more; their file names change with their content."""
        texts = [path.read_text(encoding="utf-8") for path in self._configuration() if path.is_file()]
        for path in (self.folder / "certificates").glob("*"):
            if not any(path.name in text for text in texts):
                path.unlink()

    def _configuration(self) -> list[Path]:
        return [self.caddyfile, self.folder / DEFAULT_NAME, *self._site_files()]

    def _site_files(self) -> list[Path]:
        return sorted(self.sites.glob("*.caddy"))

    def write_default_name(self) -> list[str]:
        """Writes what the sites need in common; returns what was done."""
        path = self.folder / DEFAULT_NAME
        return [f"wrote {path}"] if write_atomically(path, _default_name(self.sites), 0o644) else []

    def configuration_hash(self) -> str:
        """A hash of everything that the proxy reads when it loads its configuration."""
        digest = hashlib.sha256()
        for path in (*self._configuration(), *sorted((self.folder / "secrets").glob("*"))):
            if path.is_file():
                digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    @property
    def is_loaded(self) -> bool:
        """Whether the last load was of the files as they are: a run that was cut off before its reload is found so."""
        marker = self._marker
        return marker.is_file() and marker.read_text(encoding="ascii").strip() == self.configuration_hash()

    def mark_loaded(self) -> None:
        write_atomically(self._marker, self.configuration_hash() + "\n")

    @property
    def _marker(self) -> Path:
        return self.folder / ".loaded"

    def new_names(self) -> list[str]:
        """Names of sites that were written since the last load and get their certificates by themselves."""
        since = self._marker.stat().st_mtime if self._marker.is_file() else 0.0
        sites = [read_header(path) for path in self._site_files() if path.stat().st_mtime >= since]
        return [name for site in sites if site.get("tls") in ISSUED for name in site.get("domains", [])]

    def validate(self, name: str, text: str | None, image: str) -> None:
        """Lets Caddy check the whole configuration with the file `name` as `text`, or without it.

        Raises OperationError.
        """
        candidate = Path(tempfile.mkdtemp(prefix=".candidate-", dir=self.folder))
        try:
            candidate.chmod(0o755)
            (candidate / "sites").mkdir()
            for path in (self.caddyfile, *self._site_files()):
                if path.is_file():
                    shutil.copyfile(path, candidate / path.relative_to(self.folder))
            changed = candidate / name
            if text is None:
                changed.unlink(missing_ok=True)
            else:
                changed.write_text(text, encoding="utf-8")
            (candidate / DEFAULT_NAME).write_text(_default_name(candidate / "sites"), encoding="utf-8")
            result = self._caddy_validate(candidate.name, image)
        finally:
            shutil.rmtree(candidate)
        if result.returncode != 0:
            reason = _last_error(result.stderr, candidate.name)
            raise OperationError(f"the proxy's configuration is not valid: {reason}")

    def _caddy_validate(self, candidate: str, image: str) -> Any:
        command = ["caddy", "validate", "--config", f"/etc/caddy/{candidate}/Caddyfile"]
        if self.inspect().get("State", {}).get("Running"):
            return engine.docker("exec", CONTAINER, *command, check=False)
        if engine.image_config(image) is None:
            engine.docker("pull", "--quiet", image)
        mounts = ["--volume", f"{self.folder}:/etc/caddy:ro", "--volume", f"{self.folder}/live:/live:ro"]
        return engine.docker("run", "--rm", "--network=none", *mounts, image, *command, check=False)

    def reload(self) -> None:
        """Loads the files into the running proxy. Raises OperationError."""
        # A secret may be new where the text is the same.
        command = ["caddy", "reload", "--force", "--config", "/etc/caddy/Caddyfile"]
        result = engine.docker("exec", CONTAINER, *command, check=False)
        if result.returncode != 0:
            raise OperationError(f"the proxy keeps its old configuration: {_last_error(result.stderr, '')}")
        self.mark_loaded()
        self.remove_unused()

    def wait_for_certificates(self, names: list[str], seconds: float) -> None:
        """Waits until each name has a certificate. Raises OperationError that says what the authority said."""
        if not names:
            return
        begun = time.time()
        missing = without_certificate(self.address, 443, names, seconds)
        if missing:
            raise OperationError(
                f"no certificate within {seconds:g} s for {self.what_was_said(missing, begun)}. "
                "The proxy goes on trying by itself; docs/tls.md says more"
            )

    def what_was_said(self, names: list[str], begun: float) -> str:
        """Each name with the authority's last answer since a time (of the epoch), as the proxy's log has it."""
        since = f"{int(time.time() - begun) + LOG_SECONDS}s"
        written = engine.docker("logs", "--since", since, CONTAINER, check=False)
        said = reasons(written.stdout + written.stderr)
        return "; ".join(f"{name}: {said.get(name, 'the authority has not answered yet')}" for name in names)

    @property
    def address(self) -> str:
        """The container's address on its own network; empty when it does not run."""
        networks = self.inspect().get("NetworkSettings", {}).get("Networks", {})
        return str(networks.get(CONTAINER, {}).get("IPAddress", ""))

    def conflicts(self, app: str, domains: list[str]) -> dict[str, str]:
        """Domains that the site of another application has, and that application's name."""
        wanted = {domain.lower() for domain in domains}
        return {
            domain: owner
            for owner, header in self._others(app)
            for domain in header.get("domains", [])
            if domain.lower() in wanted
        }

    def other_addresses(self, app: str) -> dict[str, str]:
        """Addresses with a certificate among the domains of other applications, and those applications' names."""
        return {address: owner for owner, header in self._others(app) for address in addresses(header)}

    def _others(self, app: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for path in self._site_files():
            header = read_header(path)
            owner = header.get("app", path.stem)
            if owner != app:
                yield owner, header

    # --- container ---

    def inspect(self) -> dict[str, Any]:
        """The container as `docker container inspect` tells it; empty when there is none."""
        result = engine.docker("container", "inspect", CONTAINER, check=False)
        return json.loads(result.stdout)[0] if result.returncode == 0 else {}

    def needs(self, container: dict[str, Any]) -> str:
        """What the container lacks: `create`, `start`, or nothing."""
        label = (container.get("Config", {}).get("Labels") or {}).get("com.docker.compose.config-hash")
        if not container or label != self._wanted_hash():
            return "create"
        return "" if container["State"]["Running"] else "start"

    def _wanted_hash(self) -> str:
        return engine.compose(self.folder, "config", "--hash", "proxy").stdout.split()[-1]

    def converge(self, ports: list[Port]) -> list[str]:
        """Brings up the container of compose.yaml on all networks; returns what was done. Raises OperationError."""
        container = self.inspect()
        needed = self.needs(container)
        done = []
        if needed:
            self._check_ports(ports)
        if needed == "create":
            # Created first and started last, so that the new one knows the applications' networks at its first request.
            engine.compose(self.folder, "create", "--pull", "missing")
            done.append("created")
        done += [f"connected to {network}" for network in self.connect_all()]
        if needed:
            started = engine.compose(self.folder, "start", check=False)
            if started.returncode != 0:
                self._check_ports(ports)
                reason = engine.explain(started.stderr, ["docker", "compose", "start"])
                raise OperationError(reason, engine.tail(started.stderr))
            self._wait()
            self.mark_loaded()
            done.append("started")
        return done

    def _check_ports(self, ports: list[Port]) -> None:
        for port in ports:
            containers = _containers_on(port)
            if CONTAINER in containers:
                continue
            if containers:
                raise OperationError(_taken(port, f"container {containers[0]}", f"docker stop {containers[0]}"))
            found = holders(port.protocol, port.number)
            if found:
                unit = found[0].unit
                stop = f"systemctl disable --now {unit}" if unit else f"kill {found[0].process}"
                raise OperationError(_taken(port, ", ".join(map(str, found)), stop))

    def _wait(self) -> None:
        """Waits until the proxy answers on its own network, where no setting of the host stands between."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            container = self.inspect()
            networks = container["NetworkSettings"]["Networks"]
            if container["State"]["Running"] and _answers(networks[CONTAINER]["IPAddress"]):
                return
            time.sleep(0.1)
        written = engine.docker("logs", "--tail", "20", CONTAINER, check=False)
        log = engine.tail(written.stdout + written.stderr)
        raise OperationError(f"the proxy does not answer within {START_SECONDS:.0f} s", log)

    # --- networks ---

    def connect_all(self) -> list[str]:
        """Connects the container to every application's network; returns the ones that were missing."""
        listed = engine.docker("network", "ls", "--filter", "label=slipway.app", "--format", "{{.Name}}")
        return [network for network in sorted(listed.stdout.split()) if self.connect(network)]

    def is_connected(self, network: str) -> bool:
        return network in self.inspect().get("NetworkSettings", {}).get("Networks", {})

    def connect(self, network: str) -> bool:
        """Connects the container to a network; returns whether it was not. Raises OperationError."""
        if self.is_connected(network):
            return False
        engine.docker("network", "connect", network, CONTAINER)
        return True

    def has_network(self, network: str) -> bool:
        return engine.docker("network", "inspect", network, check=False).returncode == 0

    def disconnect(self, network: str) -> bool:
        if not self.is_connected(network):
            return False
        engine.docker("network", "disconnect", network, CONTAINER)
        return True


def _default_name(sites: Path) -> str:
    return default_name(map(read_header, sorted(sites.glob("*.caddy"))))


def _containers_on(port: Port) -> list[str]:
    """Containers that publish a port. Without Docker's userland proxy no program listens for them."""
    published = f"publish={port.number}/{port.protocol}"
    listed = engine.docker("ps", "--filter", published, "--format", "{{.Names}}\t{{.Ports}}")
    names = []
    for line in listed.stdout.splitlines():
        name, _tab, ports = line.partition("\t")
        if f":{port.number}->" in ports:
            names.append(name)
    return names


def _taken(port: Port, holder: str, stop: str) -> str:
    setting = "proxy_http_port" if port.number == 80 else "proxy_https_port"
    return (
        f"port {port.number}/{port.protocol} is taken by {holder}: "
        f"stop it ({stop}), or give the proxy another port ({setting})"
    )


def _answers(address: str) -> bool:
    connection = http.client.HTTPConnection(address, 80, timeout=2)
    try:
        connection.request("HEAD", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _last_error(output: str, candidate: str) -> str:
    """Caddy's own line on what is wrong, with the paths that a user knows."""
    lines = output.strip().splitlines() or ["no reason given"]
    reasons = [reason for reason in map(_reason, lines) if reason] or lines
    reason = reasons[-1].replace(f"/{candidate}/" if candidate else "\0", "/")
    return f"{reason}. {NO_MODULE}" if "module not registered" in reason else reason


def _reason(line: str) -> str:
    """What a line of Caddy's output says of an error, as JSON or plain text; '' when it says nothing of one."""
    if line.startswith("Error:"):
        return line.removeprefix("Error: ")
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    return str(entry.get("msg", "")) if isinstance(entry, dict) and entry.get("level") == "error" else ""
