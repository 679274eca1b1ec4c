"""Removes releases beyond the ones that are kept: their folders, and their images where nothing else needs them.

Never a volume.
"""

from __future__ import annotations

from . import docker_engine as engine
from .files import read_json
from .host_state import ApplicationState


def prune(state: ApplicationState, live: int, keep: int) -> list[str]:
    """Keeps the last `keep` releases that were live; returns what was removed, in words."""
    succeeded = list(dict.fromkeys(line["release"] for line in state.ledger() if line.get("result") == "live"))
    kept = {live, *(succeeded[-keep:] if keep > 0 else [])}
    old = [number for number in state.release_numbers() if number not in kept]
    images = {number: (state.release(number) or {}).get("image", "") for number in state.release_numbers()}
    needed = {images[number] for number in kept if number in images} | _images_of_others(state)
    removed = []
    for number in old:
        state.remove_release(number)
        removed.append(f"release {number}")
    # Images of releases that failed were kept for another try; now that one has succeeded they go as well.
    failed = {line.get("image", "") for line in state.ledger() if line.get("result") == "failed"}
    for image in ({images[number] for number in old} | failed) - needed - {""}:
        # Docker refuses while a container uses it, and only takes this name away where the image has others.
        engine.docker("image", "rm", image, check=False)
    return removed


def _images_of_others(state: ApplicationState) -> set[str]:
    """The images of the other applications' releases on this host."""
    found = set()
    for path in state.folder.parent.glob("*/releases/*/release.json"):
        if path.parents[2] != state.folder:
            found.add((read_json(path) or {}).get("image", ""))
    return found
