"""Debian base images, made by mmdebstrap from the distribution's packages."""

from __future__ import annotations

import functools
import shlex
import subprocess
from pathlib import Path

import docker

from sandbox import host
from sandbox.catalogue import Image
from sandbox.errors import SandboxError

DRAFTS = "slipway-sandbox-draft"
SHOWN_LINES = 15
BLOCK = 1 << 20
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def build(client: docker.DockerClient, image: Image, labels: dict[str, str], log: Path) -> None:
    """Bootstrap Debian's `image.suite` and import it. SandboxError with the log's end if that fails."""
    purpose = "makes Debian base images, as Docker Hub cannot be reached"
    host.ensure_commands({"mmdebstrap": "mmdebstrap"}, purpose)
    if not KEYRING.exists():
        # Ubuntu has mmdebstrap without the keys of Debian's archive.
        host.install(["debian-archive-keyring"], purpose)
    command = host.as_root(
        "mmdebstrap",
        "--variant=minbase",
        f"--dpkgopt={image.recipe / 'dpkg.cfg'}",
        f"--customize-hook=copy-in {shlex.quote(str(image.recipe / '90container'))} /etc/apt/apt.conf.d",
        f'--customize-hook={shlex.quote(str(image.recipe / "customize.sh"))} "$1"',
        image.suite,
        "-",
    )
    changes = ['CMD ["bash"]', *(f'LABEL "{name}"="{value}"' for name, value in labels.items())]
    draft = f"{DRAFTS}:{image.slug}"
    refusal = None
    with log.open("w") as written, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=written) as process:
        assert process.stdout is not None
        try:
            # A pipe as it is would be sent line by line.
            blocks = iter(functools.partial(process.stdout.read, BLOCK), b"")
            client.api.import_image_from_stream(blocks, repository=DRAFTS, tag=image.slug, changes=changes)
        except docker.errors.APIError as error:
            # A tar that ends early is refused too: mmdebstrap's own words come first.
            refusal = error
            process.stdout.close()
    try:
        if process.returncode != 0:
            ending = "\n".join(f"    {line}" for line in log.read_text().splitlines()[-SHOWN_LINES:])
            raise SandboxError(
                f"the image {image.reference} could not be made by mmdebstrap. The whole log: {log}. Its end:\n{ending}"
            )
        if refusal is not None:
            raise refusal
        # The name appears when the image is whole, not before.
        client.api.tag(draft, image.name, image.tag)
    finally:
        if refusal is None:
            client.api.remove_image(draft, noprune=True)
