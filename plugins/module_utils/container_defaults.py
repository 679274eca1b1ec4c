"""What every container of an application gets unless its Compose definition says otherwise: few rights, bounded needs.

They are what the CIS Docker Benchmark asks for (5.3, 5.11, 5.12, 5.25, 5.28); docs/hardening.md has the why.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

LOG_ROTATION = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
# Threads count as well; a fork bomb ends here.
PROCESSES = 1024
MEMORY = "1g"
# Docker's own share, said aloud: under load every container gets the same, whatever a neighbour does.
CPU_SHARES = 1024

# A user's short form beside the long one of the defaults would be two limits, which Compose refuses.
_SHORT_FORMS = {"mem_limit": "memory", "pids_limit": "pids", "cpus": "cpus"}


def container_defaults() -> dict[str, Any]:
    """A Compose service definition that a user's own is merged over."""
    return {
        "restart": "unless-stopped",
        "logging": deepcopy(LOG_ROTATION),
        "security_opt": ["no-new-privileges:true"],
        "cap_drop": ["ALL"],
        "cpu_shares": CPU_SHARES,
        "deploy": {"resources": {"limits": {"memory": MEMORY, "pids": PROCESSES}}},
    }


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Compose's rule for several files, simplified: mappings are merged, everything else is replaced."""
    result = deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merge(result[key], value) if both else deepcopy(value)
    return result


def merge_definition(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """A user's definition over the defaults; a limit in Compose's short form replaces the default in the long one."""
    result = deepcopy(base)
    limits = ((result.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    for short, long in _SHORT_FORMS.items():
        if short in over:
            limits.pop(long, None)
    return merge(result, over)
