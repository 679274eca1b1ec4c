"""What a registry has under an image's name, asked with the host's own login and trust."""

from __future__ import annotations

import re
import subprocess

from . import docker_engine as engine
from .problem import OperationError


def inspect_in_registry(image: str, template: str) -> subprocess.CompletedProcess[str]:
    """`docker buildx imagetools inspect` of a name with a tag; `template` is its --format."""
    # buildx does not know the engine's certs.d; the entries of SSL_CERT_DIR are those of Go's crypto/x509.
    trusted = f"SSL_CERT_DIR=/etc/ssl/certs:/etc/docker/certs.d/{image.partition('/')[0]}"
    return engine.run(
        ["env", trusted, "docker", "buildx", "imagetools", "inspect", "--format", template, image], check=False
    )


def first_digest(text: str) -> str:
    """The first digest in a text: older buildx prints more than its --format asks for."""
    found = re.search(r"sha256:[0-9a-f]{64}", text)
    return found[0] if found else ""


def resolve_digest(image: str) -> str:
    """The digest (sha256:…) of an image name with a tag.

    Raises OperationError when the registry does not have it or is away.
    """
    result = inspect_in_registry(image, "{{.Manifest.Digest}}")
    digest = first_digest(result.stdout)
    if result.returncode == 0 and digest:
        return digest
    text = result.stderr or result.stdout
    if "not found" in text.lower():
        raise OperationError(
            f"the registry does not have {image}: build it (playbooks/build.yml), or name another tag with -e tag=",
            engine.tail(text, 3),
        )
    raise OperationError(engine.explain(text, ["docker", "pull", image]), engine.tail(text, 3))
