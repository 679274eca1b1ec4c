"""The credentials of container registries in Docker's client configuration (docker-login(1), "credential stores")."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problem import OperationError

# Docker keeps Docker Hub's credentials under this name, whatever the user calls it.
DOCKER_HUB = "https://index.docker.io/v1/"
DOCKER_HUB_NAMES = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com", DOCKER_HUB})

# What Docker and Go print, in lower case.
AWAY = ("no such host", "connection refused", "timeout", "no route to host", "server misbehaving", "dial tcp")
REFUSED = ("unauthorized", "incorrect username", "authentication required", "denied", "401")


@dataclass(frozen=True)
class Login:
    """Who logs in, and where. `server` is a host with an optional port, as registry.example.com:5000."""

    server: str
    username: str
    password: str

    @property
    def key(self) -> str:
        """The registry's name in the client's configuration."""
        bare = self.server.removeprefix("https://").removeprefix("http://").rstrip("/")
        return DOCKER_HUB if self.server in DOCKER_HUB_NAMES or bare in DOCKER_HUB_NAMES else bare

    @property
    def name(self) -> str:
        """The registry's name for a person."""
        return "Docker Hub" if self.key == DOCKER_HUB else self.key


def configuration_path(home: Path) -> Path:
    return home / ".docker" / "config.json"


def read_configuration(path: Path) -> dict[str, Any]:
    """The client's configuration; empty when there is none, or none that can be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def is_logged_in(login: Login, path: Path) -> bool:
    """Whether these very credentials are stored, and nobody but their owner can read them."""
    configuration = read_configuration(path)
    helper = configuration.get("credHelpers", {}).get(login.key) or configuration.get("credsStore")
    if helper:
        return _helper_has(helper, login)
    stored = configuration.get("auths", {}).get(login.key, {}).get("auth", "")
    expected = base64.b64encode(f"{login.username}:{login.password}".encode()).decode("ascii")
    return bool(stored == expected) and path.stat().st_mode & 0o077 == 0


def _helper_has(helper: str, login: Login) -> bool:
    """Whether a credential helper knows the credentials (docker-credential-helpers' protocol)."""
    try:
        answer = subprocess.run(
            [f"docker-credential-{helper}", "get"],
            input=login.key,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        stored = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
    return (stored.get("Username"), stored.get("Secret")) == (login.username, login.password)


def explain(login: Login, complaint: str) -> str:
    """One line on a login that failed, out of what `docker login` printed."""
    lines = [line for line in complaint.splitlines() if line.strip() and "WARNING" not in line]
    reason = lines[-1].strip().removeprefix("Error response from daemon: ") if lines else "no reason given"
    lowered = reason.lower()
    who = f"registry {login.name}"
    # Before "unauthorized", because the address in a refused connection may hold any word.
    if any(sign in lowered for sign in AWAY):
        return f"{who} cannot be reached: {reason}"
    if "certificate" in lowered or "x509" in lowered:
        return f"{who} has a certificate that this server does not trust (see docker_registry_certificates): {reason}"
    if any(sign in lowered for sign in REFUSED):
        return (
            f"{who} refuses user {login.username}: wrong user name or password (registry_username, registry_password)"
        )
    return f"{who}: user {login.username} cannot log in: {reason}"


def log_in(login: Login, path: Path, docker: str) -> None:
    """Log in with the password on standard input. Raises OperationError, and then nothing was stored."""
    server = [] if login.key == DOCKER_HUB else [login.key]
    command = [docker, "login", "--username", login.username, "--password-stdin", *server]
    try:
        answer = subprocess.run(command, input=login.password, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        raise OperationError(f"registry {login.name} cannot be reached: no answer within 120 s") from None
    if answer.returncode != 0:
        raise OperationError(explain(login, answer.stderr or answer.stdout))
    if path.is_file():
        path.parent.chmod(0o700)
        path.chmod(0o600)
