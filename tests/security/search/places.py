"""The places of a server, and of the registry, that are searched once a deploy has ended.

Each returns {name of a value: where it stands}. The values reach the server by standard input alone.
"""

from __future__ import annotations

import base64
import io
import subprocess
import tarfile
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import docker

from tests.sandbox.server import Server
from tests.security.search.forms import Sought

Found = dict[str, set[str]]
REGISTRY = "slipway-sandbox-registry"
GZIP = b"\x1f\x8b"

# grep reads the forms from standard input; what each command prints or lists is searched.
_STREAMS = {
    "inspect": "docker ps -aq | xargs -r docker inspect; docker images -q | sort -u | xargs -r docker inspect; "
    "docker volume ls -q | xargs -r docker volume inspect; docker network ls -q | xargs -r docker network inspect",
    "history of images": "docker images -q | sort -u | xargs -r -n 1 docker history --no-trunc",
    "journal": "journalctl --all --output=export --no-pager; dmesg",
    "logs of containers": "for each in $(docker ps -aq); do docker logs $each 2>&1; done",
    "logs of the proxy": "docker logs slipway-proxy 2>&1",
    "arguments": "cat /proc/[0-9]*/cmdline",
    "build cache": "docker buildx du --verbose; grep -a '' /var/lib/docker/buildkit/*.db",
}
_FILES = {
    "log files": "/var/log",
    "history of shells": "$(ls -d /root/.*history /root/.lesshst /home/*/.*history 2>/dev/null)",
    "files of root": "/root --exclude-dir=.docker",
    "records of releases": "/var/lib/slipway --exclude-dir=secrets",
    "files for all": "$(find / -xdev \\( -path /proc -o -path /sys \\) -prune -o "
    # A folder that only root may pass keeps what is in it, whatever its mode.
    "-type d ! \\( -perm -001 -o \\( -perm -010 ! -group root \\) \\) -prune -o -type f "
    "\\( -perm -004 -o \\( -perm -040 ! -group root \\) \\) -size -32M -print 2>/dev/null | sed 's/ /?/g')",
    "image layers and build cache": "$(ls -d /var/lib/docker/overlay2/*/diff) /var/lib/docker/image "
    "/var/lib/docker/buildkit",
    "records of the engine": "/var/lib/docker/containers /var/lib/docker/network",
    "temporary files": "/tmp /var/tmp /run --exclude-dir=secrets",
}


def search(server: Server, sought: Sought, repository: str) -> dict[str, Found]:
    """Every place, by its name."""
    found = {place: _grep(server, sought, f"{{ {command}; }} 2>/dev/null |", "") for place, command in _STREAMS.items()}
    found |= {place: _grep(server, sought, "", f"-rH {files}") for place, files in _FILES.items()}
    found["registry"] = _registry(sought, repository)
    return found


def _grep(server: Server, sought: Sought, before: str, files: str) -> Found:
    """Searches what a command prints, or files. The forms lie in a file of root's alone meanwhile, in memory."""
    folder = "/dev/shm/slipway-search"
    script = (
        f"umask 077; mkdir {folder}; trap 'rm -rf {folder}' EXIT; cat >{folder}/forms; export LC_ALL=C; "
        f"{before} grep -aoF -s -f {folder}/forms --exclude-dir=slipway-search {files or '-'} | sort | uniq | head -500"
    )
    answer = subprocess.run(server.as_root(script), input=sought.lines, capture_output=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr.decode()
    found: Found = defaultdict(set)
    for line in answer.stdout.splitlines():
        where, _, form = line.rpartition(b":") if files else (b"", b"", line)
        name = sought.patterns.get(form)
        if name:
            found[name].add(where.decode(errors="replace"))
    return dict(found)


def _registry(sought: Sought, repository: str) -> Found:
    """The blobs of the registry's storage, unpacked, of one repository, and its other files."""
    container = docker.from_env().containers.get(REGISTRY)
    stream, _ = container.get_archive("/var/lib/registry/docker/registry/v2")
    found: Found = defaultdict(set)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        layers = {
            member.name.split("/")[-2]
            for member in members
            if f"/repositories/{repository}/" in member.name and member.name.endswith("/link")
        }
        for member in members:
            if member.name.split("/")[-2] in layers or f"/{repository}/" in member.name:
                file = archive.extractfile(member)
                data = unpacked(file.read() if file else b"")
                for name in sought.names_in(data):
                    found[name].add(member.name)
    assert layers, f"the registry has nothing of {repository}"
    return dict(found)


def unpacked(data: bytes) -> bytes:
    return zlib.decompress(data, wbits=31) if data.startswith(GZIP) else data


def in_files(sought: Sought, paths: list[Path]) -> Found:
    """Files of this machine, such as Ansible's log."""
    found: Found = defaultdict(set)
    for path in paths:
        for each in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
            for name in sought.names_in(each.read_bytes()):
                found[name].add(str(each))
    return dict(found)


Plant = Callable[[Server, str], None]


def encoded(value: str) -> str:
    """The value in base64, at a position that is no multiple of three."""
    return base64.b64encode(f"x{value}yz".encode()).decode()
