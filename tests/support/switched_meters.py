"""Meters that a test switches on and off in every worker of any mode, to measure what attribution costs."""

from __future__ import annotations

import functools
import multiprocessing
import threading
import time
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from typing import Any

import pytest

from walkerbench.modes import in_process, process
from walkerbench.recorded_value import MISSING
from walkerbench.recording.scheduling import ThreadMeter, ThreadSpan
from walkerbench.running import training_environment


def switch_meters(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let environments that start from now on have meters with a common switch.

    Returns:
        The switch, in shared memory: `value` is 1 where meters measure all that attribution needs, and 0 where they
        measure CPU time only. Change it between two frames.
    """
    switch = multiprocessing.get_context("spawn").RawValue("b", 1)
    meter = functools.partial(SwitchedMeter, switch)
    monkeypatch.setattr(training_environment, "ThreadMeter", meter)
    monkeypatch.setattr(in_process, "ThreadMeter", meter)
    monkeypatch.setattr(process, "_work", functools.partial(_work_with_switch, switch))
    return switch


class SwitchedMeter:
    """Stands for a `ThreadMeter`; the time that the switch itself takes is the same in both positions.

    Args:
        switch: As returned by `switch_meters`.
    """

    def __init__(self, switch: Any) -> None:
        self._switch = switch
        self._meters = (_CpuClock(), ThreadMeter())

    def begin(self) -> None:
        self._meters[self._switch.value].begin()

    def end(self, waits_for_others: bool = False) -> tuple[int, ...]:
        return self._meters[self._switch.value].end(waits_for_others)

    def left_out(self) -> AbstractContextManager[None]:
        return self._meters[1].left_out()


class _CpuClock(threading.local):
    """Measures CPU time only; each thread has a span of its own."""

    def __init__(self) -> None:
        self._begun_ns = 0
        self._missing = (MISSING,) * (len(ThreadSpan._fields) - 1)

    def begin(self) -> None:
        self._begun_ns = time.thread_time_ns()

    def end(self, waits_for_others: bool) -> tuple[int, ...]:
        return (time.thread_time_ns() - self._begun_ns, *self._missing)


def _work_with_switch(switch: Any, assignment: Any, connection: Connection) -> None:
    """Run as a worker process, as process mode does, with a switched meter."""
    vars(process)["ThreadMeter"] = functools.partial(SwitchedMeter, switch)  # in this process only, which ends with it
    process._work(assignment, connection)
