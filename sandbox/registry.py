"""registry.sandbox, the private registry, and hub.sandbox, the read-only stand-in for Docker Hub."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator

import bcrypt
import docker
import requests

from sandbox import authority, catalogue, names, paths, world
from sandbox.containers import PlantedFile, Specification
from sandbox.errors import SandboxError

USER = "slipway"
HTPASSWD = paths.STATE / "registry.htpasswd"
REGISTRY_VOLUME = "slipway-sandbox-registry"
HUB_VOLUME = "slipway-sandbox-hub"
CONFIGURATION_FILE = "/etc/docker/registry/config.yml"
MANIFESTS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
        "oci.image.manifest.v1",
        "oci.image.index.v1",
    )
)
READY_SECONDS = 30
# No push takes this long.
STALE_SECONDS = 3600


def htpasswd(password: str) -> bytes:
    """The registry's password file, kept as long as it fits the password (its salt is random)."""
    if HTPASSWD.exists():
        line = HTPASSWD.read_bytes().strip()
        if bcrypt.checkpw(password.encode(), line.partition(b":")[2]):
            return line + b"\n"
    line = f"{USER}:".encode() + bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=5)) + b"\n"
    paths.write_private(HTPASSWD, line)
    return line


def registry(password: str) -> Specification:
    """The registry that applications' images are pushed to: TLS, and a password."""
    return _specification(
        "registry",
        names.REGISTRY,
        names.REGISTRY_ADDRESS,
        names.REGISTRY_PORT,
        REGISTRY_VOLUME,
        "auth:\n  htpasswd:\n    realm: registry.sandbox\n    path: /auth/htpasswd\n",
        {"/auth/htpasswd": PlantedFile(htpasswd(password))},
    )


def hub() -> Specification:
    """The stand-in for Docker Hub: TLS, anyone may pull, nobody may push."""
    return _specification(
        "hub",
        names.HUB,
        names.HUB_ADDRESS,
        names.HUB_PORT,
        HUB_VOLUME,
        storage="  maintenance:\n    readonly:\n      enabled: true\n",
    )


def _specification(
    name: str,
    alias: str,
    address: str,
    port: int,
    volume: str,
    authentication: str = "",
    files: dict[str, PlantedFile] | None = None,
    storage: str = "",
) -> Specification:
    chain, key = authority.certificate(alias, address)
    configuration = (
        "version: 0.1\n"
        "log:\n  accesslog:\n    disabled: false\n"
        f"storage:\n  filesystem:\n    rootdirectory: /var/lib/registry\n{storage}"
        "http:\n  addr: :443\n  tls:\n    certificate: /certificates/chain.pem\n    key: /certificates/key.pem\n"
        f"{authentication}"
    )
    return Specification(
        name=name,
        image=catalogue.REGISTRY,
        kind="service",
        address=address,
        aliases=(alias,),
        ports={443: port},
        volumes={volume: "/var/lib/registry"},
        files={
            CONFIGURATION_FILE: PlantedFile(configuration.encode()),
            "/certificates/chain.pem": PlantedFile(chain),
            "/certificates/key.pem": PlantedFile(key, 0o600),
            **(files or {}),
        },
    )


class Hub:
    """Fills the stand-in for Docker Hub."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._writer: str | None = None
        self._container: str | None = None

    def wait(self) -> None:
        """Wait until it answers. SandboxError if it does not."""
        wait_ready(names.HUB_PORT, "hub")

    def holds(self, reference: str, image_id: str) -> bool:
        """Whether it serves exactly this image under `reference` (library/caddy:2.11)."""
        repository, _, tag = reference.rpartition(":")
        url = f"https://{names.LOOPBACK}:{names.HUB_PORT}/v2/{repository}/manifests/{tag}"
        answer = _get(url, {"Accept": MANIFESTS})
        if answer.status_code != 200:
            return False
        # An engine knows an image by its configuration's digest, or by its manifest's where containerd keeps it.
        digests = {answer.headers.get("Docker-Content-Digest"), answer.json().get("config", {}).get("digest")}
        return image_id in digests

    def holds_image(self, image: str) -> bool:
        """Whether it serves a local image under that image's own name."""
        return self.holds(f"library/{image}", self.client.api.inspect_image(image)["Id"])

    def push(self, image: str, reference: str) -> None:
        """Serve a local image as `reference`, unless that is so already. SandboxError if it cannot be pushed."""
        image_id = self.client.api.inspect_image(image)["Id"]
        if self.holds(reference, image_id):
            return
        repository, _, tag = reference.rpartition(":")
        target = f"{self.writer()}/{repository}"
        self.client.api.tag(image, target, tag)
        try:
            for event in self.client.api.push(target, tag=tag, stream=True, decode=True):
                if "error" in event:
                    raise SandboxError(f"{image} could not be pushed to {names.HUB}: {event['error']}")
        finally:
            self.client.api.remove_image(f"{target}:{tag}", noprune=True)

    def writer(self) -> str:
        """Address of a registry on the same volume that takes pushes, on 127.0.0.1 alone; started when first needed."""
        with self._lock:
            if self._writer is None:
                self._writer = self._start_writer()
            return self._writer

    def _start_writer(self) -> str:
        # The engine picks a free port; a name of its own lets pushes of several programs run at once.
        name = names.container_name(f"hub-writer-{secrets.token_hex(3)}")
        created = self.client.api.create_container(
            catalogue.REGISTRY,
            name=name,
            ports=[5000],
            labels=world.labels("writer"),
            host_config=self.client.api.create_host_config(
                port_bindings={5000: (names.LOOPBACK, None)}, binds=[f"{HUB_VOLUME}:/var/lib/registry"]
            ),
        )
        self._container = created["Id"]
        self.client.api.start(created["Id"])
        found = self.client.api.inspect_container(created["Id"])
        port = found["NetworkSettings"]["Ports"]["5000/tcp"][0]["HostPort"]
        wait_ready(int(port), "hub-writer", tls=False)
        return f"{names.LOOPBACK}:{port}"

    def close(self) -> None:
        """Remove the writer."""
        with self._lock:
            if self._container is not None:
                world.remove_container(self.client, self._container)
            self._writer = self._container = None


def remove_stale_writers(client: docker.DockerClient) -> None:
    """Remove writers that a program left behind when it was killed."""
    for summary in client.api.containers(all=True, filters={"label": f"{world.KIND}=writer"}):
        if summary["Created"] < time.time() - STALE_SECONDS:
            world.remove_container(client, summary["Id"])


@contextlib.contextmanager
def opened(client: docker.DockerClient) -> Iterator[Hub]:
    """The hub for as long as a block lasts; its writer is gone afterwards."""
    hub_ = Hub(client)
    try:
        yield hub_
    finally:
        hub_.close()


def publish(client: docker.DockerClient, image: str, reference: str) -> None:
    """Serve a local image on the stand-in for Docker Hub, e.g. publish(client, "plain:1", "acme/plain:1")."""
    if "/" not in reference:
        reference = f"library/{reference}"
    with opened(client) as hub_:
        hub_.push(image, reference)


def _get(url: str, headers: dict[str, str] | None = None) -> requests.Response:
    with requests.Session() as session:
        # A proxy of the user's has no business with 127.0.0.1.
        session.trust_env = False
        return session.get(url, headers=headers, verify=str(authority.CERTIFICATE), timeout=20)


def wait_ready(port: int, name: str, tls: bool = True) -> None:
    """Wait until a registry on 127.0.0.1 answers. SandboxError if it does not."""
    deadline = time.monotonic() + READY_SECONDS
    url = f"{'https' if tls else 'http'}://{names.LOOPBACK}:{port}/v2/"
    while time.monotonic() < deadline:
        try:
            if _get(url).status_code in (200, 401):
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise SandboxError(f"{name} did not come up on port {port}: `python -m sandbox logs {name}` says why")
