"""Runs tasks that depend on each other, side by side; few heavy ones at once."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

HEAVY_AT_ONCE = 2
LIGHT_AT_ONCE = 12


@dataclass(frozen=True)
class Task:
    """One piece of work; `heavy` is for those that take the machine's processors or its network for long."""

    name: str
    work: Callable[[], None]
    after: frozenset[str] = field(default_factory=frozenset)
    heavy: Callable[[], bool] = lambda: False


def run(tasks: Iterable[Task]) -> None:
    """Run every task once those that it comes after have ended; the first error ends the run.

    Tasks that are running when another fails are waited for, as half a container helps nobody; none is started anew.
    ValueError if tasks wait for each other, or for one that is not there.
    """
    known = {task.name: task for task in tasks}
    for task in known.values():
        missing = task.after - known.keys()
        if missing:
            raise ValueError(f"task {task.name!r} comes after {sorted(missing)}, which are not there")
    order = graphlib.TopologicalSorter({task.name: task.after for task in known.values()})
    try:
        order.prepare()
    except graphlib.CycleError as error:
        raise ValueError(f"tasks wait for each other: {error.args[1]}") from error
    failure: BaseException | None = None
    running: dict[Future[None], str] = {}
    heavy_pool, light_pool = ThreadPoolExecutor(HEAVY_AT_ONCE), ThreadPoolExecutor(LIGHT_AT_ONCE)
    try:
        while order.is_active():
            if failure is None:
                for name in order.get_ready():
                    pool = heavy_pool if known[name].heavy() else light_pool
                    running[pool.submit(known[name].work)] = name
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                if future.exception() is not None:
                    failure = failure or future.exception()
                    for waiting in running:
                        waiting.cancel()
                elif not future.cancelled():
                    order.done(name)
            running = {future: name for future, name in running.items() if not future.cancelled()}
    finally:
        heavy_pool.shutdown(wait=False, cancel_futures=True)
        light_pool.shutdown(wait=False, cancel_futures=True)
    if failure is not None:
        raise failure
