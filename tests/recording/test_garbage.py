from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from walkerbench.recording import garbage
from walkerbench.recording.garbage import GarbageClock


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Returns the given times in place of the clock; no collection starts by itself."""
    instants: list[int] = []
    monkeypatch.setattr(garbage, "time", SimpleNamespace(perf_counter_ns=lambda: instants.pop(0)))
    gc.disable()
    yield instants
    gc.enable()


def test_collections_are_added_up(readings: Any) -> None:
    readings += [100, 130, 1000, 1007]

    with GarbageClock() as clock:
        assert clock.total_ns == 0
        gc.collect()
        assert clock.total_ns == 30
        gc.collect()
        assert clock.total_ns == 37
    assert readings == []


def test_each_thread_has_a_sum_of_its_own(readings: Any) -> None:
    readings += [100, 130, 1000, 1007]

    with GarbageClock() as clock:
        other = threading.Thread(target=gc.collect)
        other.start()
        other.join()
        gc.collect()
        assert (clock.total_ns, clock.own_ns()) == (37, 7)


def test_no_collection_is_counted_after_leaving(readings: Any) -> None:
    before = list(gc.callbacks)

    with GarbageClock() as clock:
        assert gc.callbacks != before
    gc.collect()

    assert gc.callbacks == before
    assert clock.total_ns == 0


def test_a_collection_begun_before_the_clock_is_not_counted(readings: Any) -> None:
    readings += [5]
    clock = GarbageClock()

    clock._observe("stop", {})

    assert clock.total_ns == 0
    assert readings == [5]
