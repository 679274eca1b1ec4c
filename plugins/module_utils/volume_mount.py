"""How a server comes to use a block volume: a shell script that root runs there, and that can be run again.

A file system is made on a volume that holds nothing (blkid(8) finds nothing, and its beginning is all zeros), on no
other. It is mounted by its UUID, after each boot before Docker starts (systemd.mount(5)): what waits for data does not
find an empty folder in its place.
"""

from __future__ import annotations

import re
import shlex

DOCKER = "/var/lib/docker"
PLACE = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
# A volume over one of these, or below the second kind, would hide what the system needs.
NEVER_AT = ("/home", "/mnt", "/opt", "/srv", "/var", "/var/lib")
NEVER_BELOW = tuple(
    f"/{name}"
    for name in ["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr"]
)

_SCRIPT = r"""
set -eu
refuse() { echo "$1" >&2; exit 20; }
waited=0
until [ -b "$device" ]; do
  [ "$waited" -lt 60 ] || refuse "there is no $device, where the volume should be"
  sleep 1
  waited=$((waited + 1))
done
disk=$(readlink -f "$device")
there=$(findmnt --noheadings --raw --output TARGET --source "$disk" || :)
if printf '%s\n' "$there" | grep -qxF "$place"; then exit 0; fi
[ -z "$there" ] || refuse "$device is mounted at $there already, and not at $place"
! mountpoint -q "$place" || refuse "something else is mounted at $place"
if [ -d "$place" ] && [ -n "$(ls -A "$place")" ]; then
  refuse "$place is not empty, and would be hidden by the volume: move what is in it, and run again"
fi
code=0
found=$(blkid -p -o export "$disk") || code=$?
kind=$(printf '%s\n' "$found" | sed -n 's/^TYPE=//p')
if [ "$code" = 2 ]; then
  cmp -s -n 1048576 "$disk" /dev/zero || refuse "$device holds something that is no file system, and is left as it is"
  command -v mkfs.ext4 > /dev/null || refuse "there is no mkfs.ext4 to format $device with: install e2fsprogs"
  mkfs.ext4 -q "$disk"
  kind=ext4
  echo formatted
fi
case "$kind" in
  ext4 | xfs | btrfs) ;;
  *) refuse "$device holds ${kind:-partitions}, which is not mounted, and is left as it is" ;;
esac
uuid=$(blkid -p -o value -s UUID "$disk")
mkdir -p "$place"
sed -i "/^UUID=$uuid /d" /etc/fstab
printf 'UUID=%s %s %s %s 0 2\n' "$uuid" "$place" "$kind" "$options" >> /etc/fstab
systemctl daemon-reload
mount "$place"
echo mounted
"""


def mount_script(device: str, place: str) -> str:
    """A script that formats a new volume and mounts it. It says what it did, nothing when there was nothing to do; it
    ends with 20 and a line on stderr when the volume or the place is not as it should be.
    """
    options = "defaults,nofail,x-systemd.before=docker.service"
    if place == DOCKER or place.startswith(f"{DOCKER}/"):
        # Without its volumes Docker would start new ones on the server's own disk.
        options += ",x-systemd.required-by=docker.service"
    given = {"device": device, "place": place, "options": options}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in given.items()) + _SCRIPT


def is_place(path: str) -> bool:
    """Whether a volume may be mounted there."""
    if not PLACE.fullmatch(path) or path in NEVER_AT:
        return False
    return not any(path == folder or path.startswith(f"{folder}/") for folder in NEVER_BELOW)
