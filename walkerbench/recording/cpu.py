"""Samples the load of the cores and of the process tree, in a thread, a few times per second."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import CallOrderError
from walkerbench.recorded_value import MISSING
from walkerbench.system.capacity import capacity_errors
from walkerbench.system.resources import core_percents, present_cores, process_usage

CpuRow = tuple[int, float, int, list[float]]


def cpu_dtype(cores: int) -> np.dtype[np.void]:
    """Return the columns of `cpu.npy`.

    ================ ===== ========= ==================================================================
    column           dtype shape     meaning
    ================ ===== ========= ==================================================================
    `time_ns`        int64           when the sample was taken, in `perf_counter_ns`
    `tree_cpu_s`     f8              CPU seconds of all processes so far; only differences mean anything
    `tree_rss_bytes` int64           resident memory of all processes
    `core_percent`   f4    `(cores)` how busy each core was since the sample before, by its number
    ================ ===== ========= ==================================================================

    A figure that is not available on this system is NaN, or -1 for a number of bytes; never 0.
    """
    return np.dtype(
        [
            ("time_ns", np.int64),
            ("tree_cpu_s", np.float64),
            ("tree_rss_bytes", np.int64),
            ("core_percent", "f4", (cores,)),
        ]
    )


class CpuSampler:
    """Samples at a steady rate between `start` and `stop`.

    The first reading of the cores is not kept: psutil has nothing to compare it with. The last is taken on `stop`.

    Args:
        pids: Returns the process ids to watch; called at every sample, from the sampler's thread.
        rate_hz: Samples per second.

    Attributes:
        dtype: As `cpu_dtype` returns it for this machine's cores.
    """

    def __init__(self, pids: Callable[[], Sequence[int]], rate_hz: float = 4.0) -> None:
        self.dtype = cpu_dtype(present_cores())
        self._reader = _Reader(pids, cores=self.dtype["core_percent"].shape[0])
        self._period_s = 1.0 / rate_hz
        self._rows: list[CpuRow] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start sampling.

        Raises:
            CallOrderError: It was started before.
            CapacityError: The system allows no more threads.
        """
        if self._thread is not None:
            raise CallOrderError("this CPU sampler was started before: make a new CpuSampler")
        # A daemon: where an error elsewhere skips `stop`, the interpreter can still end.
        thread = threading.Thread(target=self._run, name="cpu-sampler", daemon=True)
        with capacity_errors("the thread that samples the cores cannot be started"):
            thread.start()
        self._thread = thread

    def stop(self) -> None:
        """Take a last sample and stop; do nothing when stopped already or never started.

        Raises:
            Exception: The error that ended the sampler's thread early.
        """
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def drain(self) -> NDArray[Any]:
        """Return the samples taken since the last drain, and forget them.

        Returns:
            `(samples,)` of `dtype`.
        """
        with self._lock:
            rows, self._rows = self._rows, []
        return np.array(rows, self.dtype)

    def _run(self) -> None:
        try:
            self._reader.read()
            while not self._stopping.wait(self._period_s):
                self._sample()
            self._sample()
        except BaseException as error:
            self._error = error  # `stop` raises it in the caller's thread

    def _sample(self) -> None:
        row = self._reader.read()
        with self._lock:
            self._rows.append(row)


class _Reader:
    """Reads the cores and the processes once. Always called from one thread: psutil compares readings per thread."""

    def __init__(self, pids: Callable[[], Sequence[int]], cores: int) -> None:
        self._pids = pids
        self._cores = cores
        self._cpu_s: dict[int, float] = {}

    def read(self) -> CpuRow:
        memory = [self._read_process(pid) for pid in self._pids()]
        rss_bytes = MISSING if MISSING in memory else sum(memory)
        percents = core_percents()
        if percents is None or len(percents) != self._cores:
            # A core has been switched on or off: no figure can be assigned to its core any more.
            percents = [math.nan] * self._cores
        return time.perf_counter_ns(), sum(self._cpu_s.values()), rss_bytes, percents

    def _read_process(self, pid: int) -> int:
        """Note a process's CPU seconds and return its memory; an ended process keeps its seconds, and has 0 bytes."""
        usage = process_usage(pid)
        if usage is None:
            return 0
        self._cpu_s[pid] = math.nan if usage.cpu_s is None else usage.cpu_s
        return MISSING if usage.rss_bytes is None else usage.rss_bytes
