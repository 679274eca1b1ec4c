"""What cloud-init finds on a new server (NoCloud): user data, meta data and the login that the vendor's images have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from sandbox.containers import PlantedFile

FOLDER = "/var/lib/cloud/seed/nocloud"
LOGIN_FILE = "/etc/cloud/cloud.cfg.d/91_login.cfg"
ADDRESSES_FILE = "/etc/cloud-addresses"
DISKS_FILE = "/etc/cloud-disks"
# What Debian's images for Amazon have in place of the user `debian`.
ADMIN = {
    "name": "admin",
    "gecos": "Debian",
    "groups": ["adm", "sudo"],
    "lock_passwd": True,
    "shell": "/bin/bash",
    "sudo": ["ALL=(ALL) NOPASSWD:ALL"],
}
FAILING_SCRIPT = "#!/bin/sh\necho 'sandbox: this script fails because a test asked for it' >&2\nexit 1\n"


@dataclass(frozen=True)
class Disk:
    """A volume as a server has it: its name there, its size in GB, the path of its device."""

    name: str
    size: int
    device: str


@dataclass(frozen=True)
class Seed:
    """What a server is to become. `login` is `root` or `admin`; `keys` are public keys, a line each."""

    instance: str
    hostname: str
    user_data: str = ""
    keys: Sequence[str] = ()
    login: str = "root"
    fails: bool = False

    def files(self, addresses: Sequence[str] = ()) -> dict[str, PlantedFile]:
        """The files that are planted; `addresses`: more addresses (with prefix) of the server's network card."""
        meta = {"instance-id": self.instance, "local-hostname": self.hostname, "public-keys": list(self.keys)}
        login = (
            {"disable_root": True, "users": ["default"], "system_info": {"default_user": ADMIN}}
            if self.login == "admin"
            else {"disable_root": False, "users": []}
        )
        files = {
            f"{FOLDER}/meta-data": _yaml(meta),
            f"{FOLDER}/user-data": PlantedFile(self.user_data.encode(), 0o600),
            LOGIN_FILE: _yaml(login),
            ADDRESSES_FILE: address_file(addresses),
        }
        if self.fails:
            files[f"{FOLDER}/vendor-data"] = PlantedFile(FAILING_SCRIPT.encode(), 0o600)
        return files


def address_file(addresses: Sequence[str]) -> PlantedFile:
    """The list that the image's cloud-addresses.service reads."""
    return PlantedFile("".join(f"{address}\n" for address in addresses).encode())


def disk_file(disks: Sequence[Disk]) -> PlantedFile:
    """The list that the image's cloud-disks reads."""
    return PlantedFile("".join(f"{disk.name} {disk.size} {disk.device}\n" for disk in disks).encode())


def _yaml(document: object) -> PlantedFile:
    return PlantedFile(yaml.safe_dump(document, sort_keys=False).encode())
