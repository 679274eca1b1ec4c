"""A handful of the crashes of docs/reliability.md; `make bench` tries them all and writes that page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.releases.crashes import Cell, carry_out, prepare
from tests.releases.fleet import Fleet

pytestmark = pytest.mark.fleet
CELLS = [
    Cell("controller killed", "switch", 0),
    Cell("SSH cut", "start", 1),
    pytest.param(Cell("controller killed", "migrate", 0), marks=pytest.mark.long),
    pytest.param(Cell("host killed", "switch", 2), marks=pytest.mark.long),
    pytest.param(Cell("dockerd killed", "settle", 0), marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
def couriers(servers: list[str], pushed: None) -> Iterator[Fleet]:
    fleet = Fleet(servers[:3], servers[3:4])
    prepare(fleet)
    yield fleet


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_what_serves_keeps_serving_and_the_next_run_ends_it(cell: Cell, couriers: Fleet) -> None:
    result = carry_out(couriers, cell)
    assert result.good, f"{result}\n{result.first}\n{result.next}"
    assert result.jobs > 0 and result.rows > 0
