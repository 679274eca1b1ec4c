"""The shells of this machine that servers and images have as their /bin/sh."""

from __future__ import annotations

import shutil


def _shells() -> list[list[str]]:
    found = [[path] for name in ("sh", "dash", "bash", "ash", "mksh") if (path := shutil.which(name))]
    busybox = shutil.which("busybox")
    return [*found, *([[busybox, "sh"]] if busybox else [])]


SHELLS = _shells()
