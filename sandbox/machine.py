"""The machine's own configuration, handed on to image builds: what it trusts, its proxies, its package mirrors."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

TRUST_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def trust_bundle() -> bytes:
    """Certificates (PEM) that this machine trusts: a network with an authority of its own needs them in builds."""
    places = [os.environ.get(name, "") for name in TRUST_VARIABLES]
    places += [ssl.get_default_verify_paths().cafile or "", "/etc/ssl/certs/ca-certificates.crt"]
    for place in places:
        if place and Path(place).is_file():
            return Path(place).read_bytes()
    import certifi  # a dependency of the docker package's requests

    return Path(certifi.where()).read_bytes()


def build_arguments() -> dict[str, str]:
    """Build arguments that name this machine's proxies and package mirrors; empty where it has none of its own."""
    arguments = {}
    for name in PROXY_VARIABLES:
        value = os.environ.get(name) or os.environ.get(name.lower())
        if value:
            arguments[name] = value
    arguments["GOPROXY"] = os.environ.get("GOPROXY") or _answer("go", "env", "GOPROXY")
    arguments["GOSUMDB"] = os.environ.get("GOSUMDB") or _answer("go", "env", "GOSUMDB")
    arguments["PIP_INDEX_URL"] = os.environ.get("PIP_INDEX_URL") or _answer(
        sys.executable, "-m", "pip", "config", "get", "global.index-url"
    )
    return {name: value for name, value in arguments.items() if value}


def _answer(*command: str) -> str:
    """First line that a command prints; empty if it is not there or fails."""
    if not shutil.which(command[0]):
        return ""
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    lines = result.stdout.splitlines() if result.returncode == 0 else []
    return lines[0].strip() if lines else ""
