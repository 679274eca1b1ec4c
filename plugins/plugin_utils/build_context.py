"""An image's build context on the controller: what .dockerignore leaves of it, its hash, its commit, its archive."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError

try:
    from docker.utils.build import create_archive, exclude_paths
except ImportError:
    create_archive = exclude_paths = None

GIT_SECONDS = 60


@dataclass(frozen=True)
class Revision:
    """What git says of the context. `commit` is '' where it is not in a git checkout; `time` is ISO 8601, UTC."""

    commit: str = ""
    short: str = ""
    time: str = ""
    dirty: bool = False
    warning: str = ""


@dataclass(frozen=True)
class BuildContext:
    """A folder that is built from. `dockerfile` is relative to it."""

    folder: Path
    dockerfile: str = "Dockerfile"

    def check(self) -> None:
        """Raises OperationError when there is nothing to build from."""
        if exclude_paths is None:
            raise OperationError(
                "the controller lacks the Python library `docker`: `make setup`, or pip install docker"
            )
        if not self.folder.is_dir():
            raise OperationError(
                f"build.context: found no folder {self.folder}; expected the folder with the Dockerfile"
            )
        path = self.folder / self.dockerfile
        if not path.is_file() or not path.resolve().is_relative_to(self.folder.resolve()):
            expected = f"expected a file in {self.folder}"
            raise OperationError(
                f"build.dockerfile: found no {self.dockerfile}; {expected} (https://docs.docker.com/build/)"
            )

    def ignored(self) -> list[str]:
        """Patterns of the Dockerfile's own ignore file, else of .dockerignore.

        Which of them counts: https://docs.docker.com/build/concepts/context/#filename-and-location.
        """
        for name in (f"{self.dockerfile}.dockerignore", ".dockerignore"):
            path = self.folder / name
            if path.is_file():
                lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
                return [line for line in lines if line and not line.startswith("#")]
        return []

    def files(self) -> list[str]:
        """Paths of the files and folders that belong to the context, relative to it, sorted."""
        return sorted(exclude_paths(str(self.folder), self.ignored(), dockerfile=self.dockerfile))

    def content_hash(self, settings: dict[str, Any]) -> str:
        """A hash of the context's names, contents and executable bits, and of the build's settings.

        Git's own folder is left out: it changes with every `git status`, and the tag tells the commit already.
        """
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
        for name in self.files():
            if name.partition("/")[0] == ".git":
                continue
            path = self.folder / name
            digest.update(f"\0{name}\0".encode(errors="surrogateescape"))
            if path.is_symlink():
                digest.update(b"link\0" + str(path.readlink()).encode(errors="surrogateescape"))
            elif path.is_file():
                digest.update(b"run\0" if path.stat().st_mode & 0o111 else b"file\0")
                with path.open("rb") as content:
                    digest.update(hashlib.file_digest(content, "sha256").digest())
        return digest.hexdigest()

    def archive(self, path: Path) -> None:
        """Writes the context to a compressed archive that `docker buildx build -` reads."""
        with tempfile.TemporaryFile() as plain:
            try:
                create_archive(str(self.folder), files=self.files(), fileobj=plain)
            except OSError as error:
                raise OperationError(f"build.context: {error}") from None
            with gzip.open(path, "wb", compresslevel=1) as compressed:
                shutil.copyfileobj(plain, compressed)

    def revision(self) -> Revision:
        """The commit that the context is checked out at; without one where git does not know the folder."""
        shown = self._git("show", "--no-patch", "--format=%H%n%h%n%ct", "HEAD")
        if shown.returncode != 0:
            complaint = shown.stderr.strip()
            known = not complaint or "not a git repository" in complaint
            return Revision(
                warning="" if known else f"git cannot tell the commit of {self.folder}: {complaint.splitlines()[0]}"
            )
        commit, short, seconds = shown.stdout.split()
        changes = self._git("status", "--porcelain", "--", ".")
        time = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Revision(commit, short, time, dirty=changes.returncode != 0 or bool(changes.stdout.strip()))

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self.folder), *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=GIT_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return subprocess.CompletedProcess(command, 127, "", "")


def tag_of(revision: Revision, content: str) -> str:
    """The image's tag: the short commit, with -dirty where files differ from it; a hash of the content without git."""
    if not revision.commit:
        return f"content-{content[:12]}"
    return f"{revision.short}-dirty" if revision.dirty else revision.short
