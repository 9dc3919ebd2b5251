from __future__ import annotations

import math
import os
import threading
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import psutil
import pytest

from walkerbench.errors import CallOrderError
from walkerbench.recording import cpu
from walkerbench.recording.cpu import CpuSampler, cpu_dtype

NEVER_HZ = 1e-6
OFTEN_HZ = 1e4
DEADLINE_S = 30


class FakeProcess:
    """A process whose CPU seconds and memory the test sets; where they are None, it has ended."""

    table: ClassVar[dict[int, tuple[float, float, int] | None]] = {}

    def __init__(self, pid: int = 10) -> None:
        self.pid = pid
        self._figures()

    def _figures(self) -> tuple[float, float, int]:
        figures = self.table.get(self.pid)
        if figures is None:
            raise psutil.NoSuchProcess(self.pid)
        return figures

    def cpu_times(self) -> SimpleNamespace:
        user, system, _ = self._figures()
        return SimpleNamespace(user=user, system=system)

    def memory_info(self) -> SimpleNamespace:
        return SimpleNamespace(rss=self._figures()[2])


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A fake psutil and a fake clock for the reader."""
    state = SimpleNamespace(now_ns=0, percents=[50.0, 25.0])
    monkeypatch.setattr(FakeProcess, "table", {})
    monkeypatch.setattr(psutil, "Process", FakeProcess)
    monkeypatch.setattr(psutil, "cpu_percent", lambda percpu: list(state.percents))
    monkeypatch.setattr(cpu, "time", SimpleNamespace(perf_counter_ns=lambda: state.now_ns))
    return state


def test_the_columns() -> None:
    dtype = cpu_dtype(3)

    assert dtype.names == ("time_ns", "tree_cpu_s", "tree_rss_bytes", "core_percent")
    assert [dtype[name].base.str for name in dtype.names] == ["<i8", "<f8", "<i8", "<f4"]
    assert dtype["core_percent"].shape == (3,)


def test_a_reading_sums_the_processes(machine: Any) -> None:
    FakeProcess.table = {10: (1.0, 0.5, 1000), 11: (2.0, 0.25, 300)}
    machine.now_ns = 77

    assert cpu._Reader(lambda: (10, 11), cores=2).read() == (77, 3.75, 1300, [50.0, 25.0])


def test_an_ended_process_keeps_its_cpu_seconds(machine: Any) -> None:
    FakeProcess.table = {10: (1.0, 0.0, 1000), 11: (2.0, 0.0, 300)}
    reader = cpu._Reader(lambda: (10, 11), cores=2)
    reader.read()

    FakeProcess.table = {10: (4.0, 0.0, 900), 11: None}

    assert reader.read()[1:3] == (6.0, 900)


def test_a_process_that_is_no_longer_named_keeps_its_cpu_seconds(machine: Any) -> None:
    FakeProcess.table = {10: (1.0, 0.0, 1000), 11: (2.0, 0.0, 300)}
    pids = [10, 11]
    reader = cpu._Reader(lambda: pids, cores=2)
    reader.read()

    pids.remove(11)

    assert reader.read()[1:3] == (3.0, 1000)


def test_a_process_that_never_existed_adds_nothing(machine: Any) -> None:
    FakeProcess.table = {10: (1.0, 0.0, 1000)}

    assert cpu._Reader(lambda: (10, 404), cores=2).read()[1:3] == (1.0, 1000)


def test_figures_that_are_not_available_are_not_0(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "/proc/stat")

    for source in ("cpu_percent", "Process"):
        monkeypatch.setattr(psutil, source, denied)

    _, cpu_s, rss_bytes, percents = cpu._Reader(lambda: (10, 11), cores=2).read()

    assert (math.isnan(cpu_s), rss_bytes) == (True, -1)
    np.testing.assert_array_equal(percents, [math.nan, math.nan])


@pytest.mark.parametrize(("now", "expected"), [([1.0, 2.0, 3.0], [math.nan, math.nan]), ([1.0], [math.nan, math.nan])])
def test_a_switched_core_gives_no_figure_to_a_wrong_core(machine: Any, now: list[float], expected: list[Any]) -> None:
    machine.percents = now

    percents = cpu._Reader(lambda: (), cores=2).read()[3]

    np.testing.assert_array_equal(percents, expected)


def test_the_first_reading_is_dropped_and_stop_takes_the_last() -> None:
    calls: list[int] = []

    def pids() -> tuple[int, ...]:
        calls.append(1)
        return (os.getpid(),)

    sampler = CpuSampler(pids, rate_hz=NEVER_HZ)

    sampler.start()
    sampler.stop()
    rows = sampler.drain()

    assert len(calls) == 2
    assert rows.dtype == sampler.dtype == cpu_dtype(psutil.cpu_count())
    assert len(rows) == 1
    assert rows["tree_rss_bytes"][0] > 0
    assert rows["tree_cpu_s"][0] > 0


def test_samples_are_taken_while_it_runs_and_drained_once() -> None:
    calls = []
    enough = threading.Event()

    def pids() -> tuple[int, ...]:
        calls.append(1)
        if len(calls) == 5:
            enough.set()
        return (os.getpid(),)

    sampler = CpuSampler(pids, rate_hz=OFTEN_HZ)
    sampler.start()
    assert enough.wait(DEADLINE_S)
    early = len(sampler.drain())
    sampler.stop()
    late = sampler.drain()

    assert early >= 3
    assert early + len(late) == len(calls) - 1 >= 4
    assert (np.diff(late["time_ns"]) > 0).all()
    assert len(sampler.drain()) == 0


def test_an_error_of_the_sampler_is_raised_by_stop_and_only_once() -> None:
    failed = threading.Event()

    def pids() -> tuple[int, ...]:
        failed.set()
        raise LookupError("the mode is closed")

    sampler = CpuSampler(pids, rate_hz=OFTEN_HZ)
    sampler.start()
    assert failed.wait(DEADLINE_S)

    with pytest.raises(LookupError, match="the mode is closed"):
        sampler.stop()
    sampler.stop()


def test_stop_leaves_no_thread() -> None:
    before = threading.active_count()
    sampler = CpuSampler(lambda: (), rate_hz=NEVER_HZ)

    sampler.start()
    assert threading.active_count() == before + 1
    sampler.stop()
    sampler.stop()

    assert threading.active_count() == before


def test_stop_before_start_does_nothing_and_a_second_start_is_refused() -> None:
    idle = CpuSampler(lambda: ())
    idle.stop()
    assert len(idle.drain()) == 0

    sampler = CpuSampler(lambda: (), rate_hz=NEVER_HZ)
    sampler.start()
    with pytest.raises(CallOrderError):
        sampler.start()
    sampler.stop()
