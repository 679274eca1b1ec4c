"""Pulls in the background what later steps need, while the steps before them go on.

A step that needs an image pulls it as well, joins a pull that is under way, and tells what goes wrong with it.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import Any

from . import docker_engine as engine
from .image_digest import resolve_digest
from .image_name import split_tag
from .problem import OperationError


def pull_ahead(arguments: dict[str, Any]) -> dict[str, Any]:
    """Starts the pulls of `images` and of the image `release`, whose digest is asked for as `ask`: a tag would keep it
    from being pruned one day. The answer is the result of an Ansible task.
    """
    wanted = list(arguments["images"])
    if arguments["release"]:
        with suppress(OperationError):
            wanted.append(f"{split_tag(arguments['release'])[0]}@{resolve_digest(arguments['ask'])}")
    missing = [image for image in wanted if engine.image_config(image) is None]
    for image in missing:
        subprocess.Popen(
            ["docker", "pull", "--quiet", image],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return {"changed": bool(missing), "message": f"pulling {len(missing)} images meanwhile" if missing else ""}
