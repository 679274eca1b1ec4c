"""Providers by name, with what the inventory and the environment give for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import CloudProvider

MODULES = "ansible_collections.slipway.vps.plugins.module_utils.cloud_"


@dataclass(frozen=True)
class CloudAccess:
    """Endpoints and credentials. Those stay in memory: they stand in no argument, no result and no message."""

    settings: dict[str, Any]
    say: Callable[[str], None]

    def has_credentials(self, provider: str) -> bool:
        given = self.settings.get(provider) or {}
        if provider == "lightsail":
            return bool(import_module(MODULES + provider).session(given).get_credentials())
        return bool(given.get("token"))

    def connect(self, provider: str, regions: set[str]) -> CloudProvider:
        """The provider, its SDK loaded. `regions` are those that are asked where a provider has one API for each.

        Raises CloudError when a credential is missing.
        """
        module = import_module(MODULES + provider)
        authority = str(self.settings.get("ca_bundle") or "")
        authority = str(Path(authority).expanduser().resolve()) if authority else ""
        given = {key: str(value or "") for key, value in (self.settings.get(provider) or {}).items()}
        endpoint = given.pop("endpoint", "")
        if provider == "lightsail":
            return module.connect(given, endpoint, authority, regions, self.say)
        return module.connect(given.get("token", ""), endpoint, authority, self.say)
