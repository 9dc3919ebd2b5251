"""A workload that computes a little in every frame, and in some frames does something slow."""

from __future__ import annotations

import gc
import hashlib
import mmap
import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from toy_workload import ToyShard, ToyWorkload

from walkerbench.workloads.contract import FrameBuffers

SlowCause = Literal["compute", "collect garbage", "fault pages", "let another thread hold the GIL", "stop the process"]

CAUSE_S = 0.06
"""CPU time of a cause that computes; other causes take about as long, and longer on a slow machine."""

_USUAL_S = 0.001
_SWITCH_S = 0.015  # longer than the interpreter lets a thread have the GIL when another wants it
_HEAP = 1_000_000  # objects
_MAPPED = 4 << 20  # bytes
_HASHED = bytes(1 << 20)  # takes a millisecond or so

hold_on = threading.Event()
"""Set when the thread that holds the GIL may run."""


def hold_the_gil(times: int) -> None:
    """Compute a number so many times, in a thread; each is one call, during which no other thread can have the GIL."""
    for _ in range(times):
        hold_on.wait()
        hold_on.clear()
        _ = 7**500_000


@dataclass(frozen=True)
class SlowFrameWorkload(ToyWorkload):
    """Shards that each compute for a millisecond of CPU time per frame.

    Attributes:
        slow_causes: Frame → what worker 0 does in it besides.
        beside_s: CPU time that worker 1 takes for each frame besides, without holding the GIL.
    """

    slow_causes: Mapping[int, SlowCause] = field(default_factory=dict)
    beside_s: float = 0.0

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> _SlowFrameShard:
        return _SlowFrameShard(self, lo, hi, buffers, worker)


class _SlowFrameShard(ToyShard):
    def __init__(self, workload: SlowFrameWorkload, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> None:
        super().__init__(workload, lo, hi, buffers, worker)
        self._spells = workload.slow_causes if worker == 0 else {}
        self._beside_s = workload.beside_s if worker == 1 else 0.0
        self._heap: list[list[object]] = (
            [[] for _ in range(_HEAP)] if "collect garbage" in self._spells.values() else []
        )

    def mix(self, frame: int) -> None:
        super().mix(frame)
        compute(_USUAL_S)
        _compute_without_the_gil(self._beside_s)
        match self._spells.get(frame):
            case "compute":
                compute(CAUSE_S)
            case "collect garbage":
                gc.collect()
            case "fault pages":
                _fault_pages()
            case "let another thread hold the GIL":
                hold_on.set()
                while hold_on.is_set():
                    pass
                compute(_SWITCH_S)
            case "stop the process":
                os.kill(os.getpid(), signal.SIGSTOP)


def compute(cpu_s: float) -> None:
    """Use so much CPU time of this thread."""
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        pass


def _compute_without_the_gil(cpu_s: float) -> None:
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        hashlib.sha256(_HASHED)


def _fault_pages() -> None:
    end = time.thread_time() + CAUSE_S
    while time.thread_time() < end:
        with mmap.mmap(-1, _MAPPED) as pages:
            touched = np.frombuffer(pages, np.uint8)
            touched[:: mmap.PAGESIZE] = 1
            del touched  # otherwise the mapping could not be closed
