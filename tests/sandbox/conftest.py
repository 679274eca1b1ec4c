"""End-to-end tests: real playbooks against the sandbox's servers. `python -m sandbox up` comes first.

vps-1 (Debian 13) and vps-3 (Debian 12) belong to these tests, vps-2 builds the images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import TerminalRepr

from tests.sandbox.evidence import evidence
from tests.sandbox.project import Project
from tests.sandbox.server import Server

HERE = Path(__file__).parent
# The cheap ones first; then a server's life from bare on; on vps-3 what spoils a server comes before Debian 12's path.
ORDER = (
    "test_bad_input",
    "test_debian_13",
    "test_errors_build",
    "test_errors_bare",
    "test_errors_live",
    "test_no_space",
    "test_applications",
    "test_debian_12",
)
MARKERS = {
    "input": "mistakes in the inventory, found before any host is contacted",
    "main_path": "a bare server, deploy, verify, a person's session, reboot, new image",
    "errors": "each run-time error, tried for real",
    "applications": "applications of other kinds than microblog",
    "servers(*names)": "the servers that the test works on, whose logs are shown when it fails",
}


def pytest_configure(config: pytest.Config) -> None:
    for name, text in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        known = item.path.parent == HERE and item.path.stem in ORDER
        return ORDER.index(item.path.stem) if known else len(ORDER)

    items.sort(key=place)


class WithEvidence(TerminalRepr):
    """A failure's traceback with the servers' logs above it."""

    def __init__(self, found: list[str], inner: Any) -> None:
        self.found = found
        self.inner = inner

    @property
    def reprcrash(self) -> Any:
        return getattr(self.inner, "reprcrash", None)

    def toterminal(self, tw: Any) -> None:
        for text in self.found:
            tw.line(text)
        if hasattr(self.inner, "toterminal"):
            self.inner.toterminal(tw)
        else:
            tw.line(str(self.inner))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed and item.path.is_relative_to(HERE):
        servers = [name for marker in item.iter_markers("servers") for name in marker.args]
        if servers:
            report.longrepr = WithEvidence([evidence(name) for name in servers], report.longrepr)
    return report


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Makes an inventory for one test."""
    return lambda **groups: Project(tmp_path, **groups)


@pytest.fixture(scope="session")
def vps_1() -> Server:
    return Server("vps-1")


@pytest.fixture(scope="session")
def vps_3() -> Server:
    return Server("vps-3")
