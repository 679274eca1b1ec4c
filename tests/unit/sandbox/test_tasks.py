"""Tasks that depend on each other."""

from __future__ import annotations

import threading
import time

import pytest

from sandbox.tasks import HEAVY_AT_ONCE, Task, run


def test_a_task_runs_after_those_it_comes_after() -> None:
    order: list[str] = []

    def noting(name: str, *after: str) -> Task:
        return Task(name, lambda: order.append(name), frozenset(after))

    run([noting("server", "image", "network"), noting("image", "base"), noting("base"), noting("network")])
    assert order.index("base") < order.index("image") < order.index("server")
    assert order.index("network") < order.index("server")


def test_independent_tasks_run_side_by_side() -> None:
    together = threading.Barrier(3, timeout=5)
    run([Task(str(number), lambda: together.wait() and None) for number in range(3)])


def test_few_heavy_tasks_run_at_once() -> None:
    lock = threading.Lock()
    now = peak = 0

    def work() -> None:
        nonlocal now, peak
        with lock:
            now += 1
            peak = max(peak, now)
        time.sleep(0.02)
        with lock:
            now -= 1

    run([Task(str(number), work, heavy=lambda: True) for number in range(6)])
    assert peak == HEAVY_AT_ONCE


def test_a_failure_ends_the_run_and_what_comes_after_is_not_started() -> None:
    started: list[str] = []

    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        run([Task("image", fail), Task("server", lambda: started.append("server"), frozenset({"image"}))])
    assert started == []


def test_tasks_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="each other"):
        run([Task("a", lambda: None, frozenset({"b"})), Task("b", lambda: None, frozenset({"a"}))])


def test_a_task_after_one_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'server'.*\['image'\]"):
        run([Task("server", lambda: None, frozenset({"image"}))])
