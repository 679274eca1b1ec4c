"""Looks for the values of secrets where they must not be. The values are read on this server and stay on it."""

from __future__ import annotations

import base64
from urllib.parse import unquote, urlsplit

from gather import system

# A shorter value stands in ordinary text by chance.
LEAST_LENGTH = 6
# A file that is larger is no configuration and no record of Slipway's.
LARGEST_FILE = 4 * 1024 * 1024


def values(application, release):
    """What to look for: {name: [values]}. A URL's password counts by itself, too."""
    folder = system.ROOT / application
    found = {}
    for place in (folder / "services" / "secrets", folder / "releases" / str(release) / "secrets"):
        for path in sorted(place.iterdir()) if place.is_dir() else []:
            text = path.read_text(encoding="utf-8", errors="replace")
            found[path.name] = [text, *_password(text)]
    credentials = system.read_json(system.CREDENTIALS) or {}
    for server, entry in (credentials.get("auths") or {}).items():
        try:
            found[f"registry login {server}"] = [base64.b64decode(entry.get("auth", "")).decode().partition(":")[2]]
        except ValueError:
            continue
    return found


def _password(text):
    try:
        password = urlsplit(text.strip()).password
    except ValueError:
        return []
    return [password, unquote(password)] if password else []


def search(secrets, inspections, processes):
    """Where each secret was found: {place: {name: [where, …]}} for places inspect, arguments, files; and what could not
    be searched for.
    """
    wanted = {name: sorted({each for each in found if len(each) >= LEAST_LENGTH}) for name, found in secrets.items()}
    places = {"inspect": {}, "arguments": {}, "files": {}}
    for data in inspections:
        _note(wanted, _strings(data), data["Name"].lstrip("/"), places["inspect"])
    for process, arguments in processes:
        _note(wanted, arguments, process, places["arguments"])
    for path in system.world_readable(system.ROOT):
        try:
            if path.stat().st_size <= LARGEST_FILE:
                _note(wanted, [path.read_text(encoding="utf-8", errors="replace")], str(path), places["files"])
        except OSError:
            continue
    return {**places, "names": sorted(secrets), "short": sorted(name for name, found in wanted.items() if not found)}


def _note(wanted, texts, where, place):
    text = "\n".join(texts)
    for name, found in wanted.items():
        if any(value in text for value in found):
            place.setdefault(name, []).append(where)


def _strings(value):
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *_strings(item))]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []
