"""What may stand in `servers` and `server_defaults` of an inventory; everything that needs no API to be found wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .cloud_model import Port, Volume, WantedServer, server_tag
from .compose_schema import show, unknown_key
from .problem import InputError, Problem
from .public_key import is_private, parse_public_key
from .volume_mount import is_place

PROVIDERS = ("digitalocean", "linode", "lightsail")
# RFC 1123, 2.1; one label, as it is the inventory's name as well as the server's own.
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PROJECT = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
VOLUME_NAME = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
USER_TAG = re.compile(r"[A-Za-z0-9_-]{3,50}")
PORT = re.compile(r"([0-9]{1,5})/(tcp|udp)")
# The shortest limit of the three: Linode's tags have at most 50 characters, its labels at least three.
LONGEST_TAG, LONGEST_LABEL, SHORTEST_NAME = 50, 32, 3

KEYS = {
    "name": "a host name of its own, such as web-1: lower-case letters, digits and hyphens",
    "provider": "one of " + ", ".join(PROVIDERS),
    "region": "a region by the provider's own name, such as fra1",
    "size": "a size by the provider's own name, such as s-2vcpu-4gb",
    "image": "an image by the provider's own name, such as debian-13-x64",
    "groups": "a list of groups of the inventory, such as [app]",
    "ssh_keys": "a list of public keys, or of paths of files with one each",
    "tags": "a list of words of 3 to 50 letters, digits, hyphens and underscores",
    "private_network": "true or false",
    "ipv6": "true or false",
    "backups": "true or false",
    "reserved_ip": "true or false",
    "firewall": "true or false",
    "firewall_ports": "a list of ports such as 443/tcp",
    "ssh_from": "a list of addresses or networks such as 203.0.113.0/24",
    "volumes": "a list of mappings with name, size (GB) and, if you like, mount",
    "launch_script": "a shell script that root runs at the first boot",
    "host_keys": "discard or keep",
}
REQUIRED = ("provider", "region", "size", "image", "groups")
# One for all servers of a project.
COMMON = ("firewall_ports", "ssh_from", "host_keys")
SWITCHES = ("private_network", "ipv6", "backups", "reserved_ip", "firewall")
PROJECT_TEXT = "a word for what belongs together, such as shop-production; it becomes part of a tag on every server"
DEFAULTS: dict[str, Any] = {
    "private_network": True,
    "ipv6": True,
    "backups": False,
    "reserved_ip": False,
    "firewall": True,
    "firewall_ports": ["22/tcp", "80/tcp", "443/tcp", "443/udp"],
    "ssh_from": [],
    "tags": [],
    "volumes": [],
    "launch_script": "",
    "host_keys": "discard",
}


def wanted_servers(file: str, folder: Path, servers: Any, defaults: Any, groups: Iterable[str]) -> list[WantedServer]:
    """The servers that the inventory wants. `groups` are those that some playbook or the inventory knows; paths of keys
    are relative to `folder`. Raises InputError.
    """
    problems = list(_shape(file, servers, defaults))
    if not problems:
        known = sorted(set(groups))
        for place, entry in enumerate(servers):
            problems += _server(file, place, {**DEFAULTS, **_set(defaults), **_set(entry)}, entry, folder, known)
        problems += _twice(file, servers)
        problems += _project(file, defaults, servers)
    if problems:
        raise InputError(problems)
    return [_build(folder, {**DEFAULTS, **_set(defaults), **_set(entry)}) for entry in servers]


def _set(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _shape(file: str, servers: Any, defaults: Any) -> Iterator[Problem]:
    if not isinstance(defaults, dict):
        yield Problem(file, "server_defaults", show(defaults), "a mapping: what all servers have in common")
        defaults = {}
    if not isinstance(servers, list):
        yield Problem(file, "servers", show(servers), "a list of servers; inventory/example shows it")
        servers = []
    allowed = ["project", *(key for key in KEYS if key != "name")]
    for key in defaults:
        if key not in allowed:
            yield unknown_key(file, f"server_defaults.{key}", key, allowed)
    for place, entry in enumerate(servers):
        if not isinstance(entry, dict):
            yield Problem(
                file, f"servers.{place}", show(entry), "a mapping with name, provider, region, size, image, groups"
            )
            continue
        for key in entry:
            if key in COMMON:
                yield Problem(
                    file, f"servers.{place}.{key}", "it at one server", "it in server_defaults, for all of them"
                )
            elif key not in KEYS:
                yield unknown_key(file, f"servers.{place}.{key}", key, sorted({*KEYS} - {*COMMON}))


def _project(file: str, defaults: dict[str, Any], servers: list[dict[str, Any]]) -> Iterator[Problem]:
    project = defaults.get("project")
    if not isinstance(project, str) or not PROJECT.fullmatch(project):
        found = "nothing" if project is None else show(project)
        yield Problem(file, "server_defaults.project", found, PROJECT_TEXT + " (at most 20 characters)")
        return
    for place, entry in enumerate(servers):
        length = len(server_tag(project, str(entry.get("name"))))
        if length > LONGEST_TAG:
            expected = f"a shorter name or project: the tag made of both may have {LONGEST_TAG} characters"
            yield Problem(file, f"servers.{place}.name", f"{length} characters", expected)


def _twice(file: str, servers: list[dict[str, Any]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, entry in enumerate(servers):
        name = str(entry.get("name"))
        if name in seen:
            yield Problem(file, f"servers.{place}.name", f"{name}, a second time", "each name once")
        seen.add(name)


def _server(
    file: str, place: int, data: dict[str, Any], entry: dict[str, Any], folder: Path, groups: list[str]
) -> Iterator[Problem]:
    def wrong(key: str, found: str, expected: str = "") -> Problem:
        where = f"servers.{place}.{key}" if key.split(".")[0] in entry or key in REQUIRED else f"server_defaults.{key}"
        return Problem(file, where, found, expected or KEYS[key.split(".")[0]])

    name = entry.get("name")
    if not isinstance(name, str) or not HOST_NAME.fullmatch(name) or len(name) < SHORTEST_NAME:
        found = "nothing" if name is None else show(name)
        yield Problem(file, f"servers.{place}.name", found, KEYS["name"] + f", at least {SHORTEST_NAME}")
    for key in ("provider", "region", "size", "image"):
        value = data.get(key)
        if not isinstance(value, str) or not value:
            yield wrong(key, "nothing" if value is None else show(value))
    if isinstance(data.get("provider"), str) and data["provider"] not in PROVIDERS:
        yield wrong("provider", show(data["provider"]))
    yield from _groups(wrong, data.get("groups"), groups)
    for key in SWITCHES:
        if not isinstance(data[key], bool):
            yield wrong(key, show(data[key]))
    yield from _lists(wrong, data)
    yield from _keys(wrong, data.get("ssh_keys"), folder)
    yield from _volumes(wrong, data["volumes"], str(name))
    if not isinstance(data["launch_script"], str):
        yield wrong("launch_script", show(data["launch_script"]))
    if data["host_keys"] not in ("discard", "keep"):
        yield wrong("host_keys", show(data["host_keys"]))


def _groups(wrong: Any, value: Any, known: list[str]) -> Iterator[Problem]:
    if not isinstance(value, list) or not value:
        yield wrong("groups", "nothing" if not value else show(value))
        return
    for group in value:
        if group not in known:
            yield wrong("groups", show(group), "a group that a playbook knows: one of " + ", ".join(known))


def _lists(wrong: Any, data: dict[str, Any]) -> Iterator[Problem]:
    def bad(key: str, is_right: Any) -> Iterator[Problem]:
        if not isinstance(data[key], list):
            yield wrong(key, show(data[key]))
            return
        yield from (wrong(key, show(item)) for item in data[key] if not is_right(str(item)))

    yield from bad("tags", USER_TAG.fullmatch)
    yield from bad("firewall_ports", _is_port)
    yield from bad("ssh_from", _is_network)


def _is_port(text: str) -> bool:
    found = PORT.fullmatch(text)
    return bool(found) and 1 <= int(found[1]) <= 65535


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _keys(wrong: Any, value: Any, folder: Path) -> Iterator[Problem]:
    if not isinstance(value, list) or not value:
        found = "nothing" if not value else "no list"
        yield wrong("ssh_keys", found, KEYS["ssh_keys"] + ": without one nobody could log in")
        return
    for item in value:
        try:
            parse_public_key(_key_text(str(item), folder))
        except (ValueError, OSError) as error:
            reason = f"{_short(item)}, {error.strerror}" if isinstance(error, OSError) else f"{_short(item)}, {error}"
            yield wrong("ssh_keys", reason, "a public key (the file that ends in .pub), or the path of one")


def _short(item: Any) -> str:
    """As much of a key or a path as tells which it is; nothing of a private key."""
    text = " ".join(str(item).split())
    return "a text" if is_private(text) else text if len(text) <= 60 else f"{text[:30]}…"


def _key_text(item: str, folder: Path) -> str:
    if is_private(item) or " " in item.strip():
        return item
    return (folder / Path(item).expanduser()).read_text(encoding="utf-8", errors="replace")


def _volumes(wrong: Any, value: Any, name: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield wrong("volumes", show(value))
        return
    names = [item.get("name") for item in value if isinstance(item, dict)]
    places: set[str] = set()
    for item in value:
        right = isinstance(item, dict) and {"name", "size"} <= set(item) <= {"name", "size", "mount"}
        right = right and isinstance(item["size"], int) and isinstance(item.get("mount", ""), str)
        if not right or not VOLUME_NAME.fullmatch(str(item["name"])) or not 10 <= item["size"] <= 10240:
            yield wrong("volumes", show(item), "a mapping such as {name: data, size: 20}, 10 to 10240 GB")
        elif item.get("mount") and not is_place(item["mount"]):
            expected = "a folder of its own such as /var/lib/docker or /srv/data"
            yield wrong("volumes", f"mount {show(item['mount'])}", expected)
        elif names.count(item["name"]) > 1:
            yield wrong("volumes", f"{item['name']} twice", "each name once")
        elif _place(item) in places:
            yield wrong("volumes", f"{_place(item)} twice", "each volume in a folder of its own")
        elif len(f"{name}-{item['name']}") > LONGEST_LABEL:
            expected = f"a shorter one: with the server's name it may have {LONGEST_LABEL} characters"
            yield wrong("volumes", f"{item['name']}", expected)
        if right:
            places.add(_place(item))


def _place(item: dict[str, Any]) -> str:
    return Volume(str(item.get("name")), 0, str(item.get("mount") or "")).place


def _build(folder: Path, data: dict[str, Any]) -> WantedServer:
    ports = (PORT.fullmatch(str(text)) for text in data["firewall_ports"])
    return WantedServer(
        **{key: data[key] for key in ("name", "provider", "region", "size", "image", "project", *SWITCHES)},
        groups=tuple(data["groups"]),
        ssh_keys=tuple(parse_public_key(_key_text(str(item), folder)).line for item in data["ssh_keys"]),
        tags=tuple(map(str, data["tags"])),
        firewall_ports=tuple(Port(int(port[1]), port[2]) for port in ports if port),
        ssh_from=tuple(str(ipaddress.ip_network(str(text))) for text in data["ssh_from"]),
        volumes=tuple(Volume(item["name"], item["size"], item.get("mount") or "") for item in data["volumes"]),
        launch_script=data["launch_script"],
        host_keys=data["host_keys"],
    )
