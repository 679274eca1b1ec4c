"""Where the sandbox keeps its things: all of it inside the checkout."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
IMAGES = CHECKOUT / "sandbox" / "images"
INVENTORY = CHECKOUT / "inventory" / "sandbox"

STATE = CHECKOUT / ".sandbox"
LOGS = STATE / "logs"
HOST_KEYS = STATE / "host-keys"
AUTHORITY = STATE / "authority"
RESOLV_CONF = STATE / "resolv.conf"
WORLD = STATE / "world"
LOCK = STATE / "lock"

SSH_KEY = INVENTORY / "ssh" / "id_ed25519"
KNOWN_HOSTS = INVENTORY / "known_hosts"
VAULT = INVENTORY / "group_vars" / "all" / "vault.yml"
GENERATED = INVENTORY / "group_vars" / "all" / "generated.yml"
APPLICATIONS = INVENTORY / "apps"


def write_private(path: Path, content: bytes | str, mode: int = 0o600) -> None:
    """Write a file whole or not at all, with `mode` from its first byte on."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=mode)
    draft.chmod(mode)
    draft.write_bytes(data)
    draft.replace(path)
