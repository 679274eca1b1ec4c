"""Which digest a tag names in its registry, asked with the host's own login."""

from __future__ import annotations

from . import docker_engine as engine
from .problem import OperationError


def resolve_digest(image: str) -> str:
    """The digest (sha256:…) of an image name with a tag. Raises OperationError when the registry does not have it or is away."""
    result = engine.docker("buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", image, check=False)
    digest = result.stdout.strip().strip('"')
    if result.returncode != 0 or not digest.startswith("sha256:"):
        text = result.stderr or result.stdout
        if "not found" in text.lower():
            raise OperationError(
                f"the registry does not have {image}: build it (playbooks/build.yml), or name another tag with -e tag=", engine.tail(text, 3)
            )
        raise OperationError(engine.explain(text, ["docker", "pull", image]), engine.tail(text, 3))
    return digest
