"""A build context on the controller: its files, its hash, its commit, its archive."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.plugin_utils.build_context import BuildContext, Revision, tag_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "application"
    (root / "app/static").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    (root / ".dockerignore").write_text("# comment\n*.log\nsecret\n!keep.log\n", encoding="utf-8")
    for name in ("app/main.py", "app/static/style.css", "noise.log", "keep.log", "secret"):
        (root / name).write_text(name, encoding="utf-8")
    (root / "boot.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    return root


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A commit")
    return git(folder, "rev-parse", "HEAD")


def test_ignored_files_are_left_out(folder: Path) -> None:
    files = BuildContext(folder).files()
    assert {"Dockerfile", "app/main.py", "app/static/style.css", "keep.log", "boot.sh"} <= set(files)
    assert not {"noise.log", "secret"} & set(files)


def test_a_dockerfile_has_its_own_ignore_file(folder: Path) -> None:
    (folder / "docker").mkdir()
    (folder / "docker/Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    (folder / "docker/Dockerfile.dockerignore").write_text("app\n", encoding="utf-8")
    files = BuildContext(folder, "docker/Dockerfile").files()
    assert "docker/Dockerfile" in files
    assert "noise.log" in files
    assert "app/main.py" not in files


def test_the_archive_holds_the_files_and_their_modes(folder: Path, tmp_path: Path) -> None:
    (folder / "boot.sh").chmod(0o755)
    BuildContext(folder).archive(tmp_path / "context.tar.gz")
    with tarfile.open(tmp_path / "context.tar.gz") as archive:
        assert "noise.log" not in archive.getnames()
        assert archive.getmember("boot.sh").mode & 0o111
        member = archive.extractfile("app/main.py")
        assert member is not None
        assert member.read() == b"app/main.py"


def test_hash_follows_content_names_modes_and_settings(folder: Path) -> None:
    context = BuildContext(folder)
    hashes = [context.content_hash({})]
    (folder / "noise.log").write_text("more", encoding="utf-8")
    assert context.content_hash({}) == hashes[0]
    (folder / "app/main.py").write_text("changed", encoding="utf-8")
    hashes.append(context.content_hash({}))
    (folder / "boot.sh").chmod(0o755)
    hashes.append(context.content_hash({}))
    (folder / "app/link").symlink_to("main.py")
    hashes.append(context.content_hash({}))
    hashes.append(context.content_hash({"target": "release"}))
    assert len(set(hashes)) == len(hashes)


def test_times_and_owners_do_not_count(folder: Path) -> None:
    context = BuildContext(folder)
    before = context.content_hash({})
    content = (folder / "app/main.py").read_bytes()
    (folder / "app/main.py").unlink()
    (folder / "app/main.py").write_bytes(content)
    assert context.content_hash({}) == before


def test_no_git(folder: Path) -> None:
    revision = BuildContext(folder).revision()
    assert revision == Revision()
    assert tag_of(revision, "abcdef0123456789") == "content-abcdef012345"


def test_commit_and_dirt(folder: Path) -> None:
    git(folder, "init", "--quiet")
    head = commit(folder)
    context = BuildContext(folder)
    clean = context.revision()
    assert (clean.commit, clean.dirty) == (head, False)
    assert head.startswith(clean.short)
    assert clean.time.endswith("Z")
    assert tag_of(clean, "x") == clean.short
    content = context.content_hash({})
    (folder / ".git/description").write_text("changed", encoding="utf-8")
    assert context.content_hash({}) == content
    (folder / "new.py").write_text("new", encoding="utf-8")
    assert tag_of(context.revision(), "x") == f"{clean.short}-dirty"


def test_changes_beside_the_context_do_not_make_it_dirty(folder: Path) -> None:
    git(folder.parent, "init", "--quiet")
    commit(folder.parent)
    (folder.parent / "elsewhere").write_text("new", encoding="utf-8")
    assert not BuildContext(folder).revision().dirty


@pytest.mark.parametrize(
    ("context", "dockerfile", "expected"),
    [
        (".", "Dockerfile.release", "found no Dockerfile.release"),
        (".", "../Dockerfile", "found no ../Dockerfile"),
        ("missing", "Dockerfile", "expected the folder with the Dockerfile"),
    ],
)
def test_nothing_to_build_from(folder: Path, context: str, dockerfile: str, expected: str) -> None:
    (folder.parent / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    with pytest.raises(OperationError, match=expected):
        BuildContext(folder / context, dockerfile).check()
