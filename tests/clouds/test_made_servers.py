"""A server that cloud.sandbox makes really comes up as asked: the real cloud-init has carried out its user data."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from sandbox import authority, names, paths
from sandbox.cloud import service

ADDRESS = f"https://{names.LOOPBACK}:{names.CLOUD_PORT}"
WAIT_SECONDS = 60


class Droplets:
    """DigitalOcean's API of cloud.sandbox, as curl would call it."""

    def __init__(self) -> None:
        self.token = yaml.safe_load(paths.VAULT.read_text())["vault_digitalocean_token"]
        self.made: list[int] = []

    def __call__(self, method: str, path: str, document: Any = None) -> Any:
        answer = requests.request(
            method,
            f"{ADDRESS}{path}",
            json=document,
            headers={"Authorization": f"Bearer {self.token}"},
            verify=str(authority.CERTIFICATE),
            timeout=30,
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def make(self, name: str, **more: Any) -> dict[str, Any]:
        """A droplet that is active."""
        wanted = {"name": name, "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "ipv6": True}
        number = self("POST", "/v2/droplets", wanted | more)["droplet"]["id"]
        self.made.append(number)
        until(lambda: self("GET", f"/v2/droplets/{number}")["droplet"]["status"] == "active")
        return self("GET", f"/v2/droplets/{number}")["droplet"]


class Owner:
    """Somebody with a key, who knows the host key beforehand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.public = pair()
        self.host_key, self.host_public = pair()
        (folder / "key").write_text(self.key)
        (folder / "key").chmod(0o600)

    def user_data(self, **more: Any) -> str:
        """A cloud-config with the host key, and the owner's key for root."""
        host_keys = {"ed25519_private": self.host_key, "ed25519_public": self.host_public}
        return "#cloud-config\n" + yaml.safe_dump({"ssh_keys": host_keys, "ssh_authorized_keys": [self.public]} | more)

    def ssh(self, address: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as root, the host key checked from the first connection on; waits for the server."""
        (self.folder / "known_hosts").write_text(f"{address} {self.host_public}\n")
        options = ["StrictHostKeyChecking=yes", f"UserKnownHostsFile={self.folder}/known_hosts", "IdentitiesOnly=yes"]
        arguments = [part for option in (*options, "ConnectTimeout=5", "LogLevel=ERROR") for part in ("-o", option)]
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            called = ["ssh", "-i", f"{self.folder}/key", *arguments, f"root@{address}", command]
            done = subprocess.run(called, capture_output=True, text=True, check=False)
            if done.returncode != 255 or time.monotonic() > deadline:
                return done
            assert "HOST IDENTIFICATION HAS CHANGED" not in done.stderr
            time.sleep(0.3)


def pair() -> tuple[str, str]:
    """A private key in OpenSSH's form, and its public line."""
    key = ed25519.Ed25519PrivateKey.generate()
    form, none = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return key.private_bytes(serialization.Encoding.PEM, form, none).decode(), public.decode()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.2)


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path)


@pytest.fixture
def droplets() -> Iterator[Droplets]:
    service.wait_ready()
    api = Droplets()
    yield api
    for number in api.made:
        api("DELETE", f"/v2/droplets/{number}")


def addresses(droplet: dict[str, Any]) -> dict[str, str]:
    """The addresses of a droplet by their type."""
    return {network["type"]: network["ip_address"] for network in droplet["networks"]["v4"]}


def test_a_server_comes_up_as_asked(droplets: Droplets, owner: Owner) -> None:
    name = f"made-{secrets.token_hex(3)}"
    script = "echo carried out > /root/evidence"
    droplet = droplets.make(name, user_data=owner.user_data(runcmd=[script]))
    public, private = addresses(droplet)["public"], addresses(droplet)["private"]
    done = owner.ssh(
        public, "cloud-init status --wait && hostname && cat /root/evidence && ip -brief address show eth0"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "status: done" in done.stdout and name in done.stdout and "carried out" in done.stdout
    assert all(f"{address}/" in done.stdout for address in (public, private))
    assert droplet["networks"]["v6"][0]["ip_address"] in done.stdout

    # The sandbox's name server knows it, and all below its name.
    asked = owner.ssh(public, f"getent ahostsv4 shop.{name}.cloud.sandbox")
    assert asked.stdout.split()[0] == public

    # A reserved address is really there, and still is after a reboot.
    reserved = droplets("POST", "/v2/reserved_ips", {"droplet_id": droplet["id"]})["reserved_ip"]["ip"]
    try:
        until(lambda: is_open(reserved))
        action = droplets("POST", f"/v2/droplets/{droplet['id']}/actions", {"type": "reboot"})["action"]["id"]
        until(lambda: droplets("GET", f"/v2/actions/{action}")["action"]["status"] == "completed")
        until(lambda: is_open(reserved))
        assert owner.ssh(reserved, "cat /root/evidence").stdout == "carried out\n"
    finally:
        droplets("DELETE", f"/v2/reserved_ips/{reserved}")


def test_user_data_that_fails_is_told(droplets: Droplets, owner: Owner) -> None:
    droplet = droplets.make(f"made-{secrets.token_hex(3)}", user_data=owner.user_data(runcmd=["exit 3"]))
    done = owner.ssh(addresses(droplet)["public"], "cloud-init status --wait --long")
    assert done.returncode != 0 and "status: error" in done.stdout


def is_open(address: str) -> bool:
    """Whether an SSH server answers at an address."""
    try:
        with socket.create_connection((address, 22), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
