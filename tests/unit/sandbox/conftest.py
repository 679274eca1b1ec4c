"""Every test of the sandbox has a checkout of its own: nothing of the real one is read or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import authority, paths, registry


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point all paths of the sandbox below a temporary folder."""
    for name, value in vars(paths).items():
        if isinstance(value, Path) and name not in ("CHECKOUT", "IMAGES"):
            monkeypatch.setattr(paths, name, tmp_path / value.relative_to(paths.CHECKOUT))
    monkeypatch.setattr(authority, "CERTIFICATE", paths.AUTHORITY / "ca.pem")
    monkeypatch.setattr(authority, "KEY", paths.AUTHORITY / "ca.key")
    monkeypatch.setattr(registry, "HTPASSWD", paths.STATE / "registry.htpasswd")
    return tmp_path
