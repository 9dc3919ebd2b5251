"""Records every frame and every worker's part of it, at very low cost.

All columns are int64. Rows are kept in preallocated blocks of plain integers. Sums over workers are computed when rows
are drained, for many frames at once, and not while a frame is being timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.recording.scheduling import ThreadSpan
from walkerbench.workloads.contract import WORKER_COLUMNS

_FRAME_HEAD = ("frame", "stage", "warmup", "start_ns", "wall_ns")
_FRAME_TAIL = ("dispatch_ns", "barrier_wait_ns", "busy_ns", "cpu_ns", "gc_ns")
_PARENT = ("process_cpu_ns", *(f"parent_{name}" for name in ThreadSpan._fields))
_WORKER_HEAD = ("frame", "stage", "worker", *WORKER_COLUMNS[1:])
_FIRST_ROWS = 4096  # about a second of frames; the blocks double when full

FRAME_NUMBER_BITS = 40
"""Bits of a frame's number; a run with more frames would take centuries."""


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """The parent's measurements of a frame.

    Attributes:
        frame: The frame's number within its stage.
        start_ns: Time at which the frame began, in `perf_counter_ns`.
        wall_ns: Time of the frame, from dispatch to the end of settling.
        settle_ns: Part of `wall_ns`: settling.
        dispatch_ns: Part of `wall_ns`: handing the frame to the workers.
        barrier_wait_ns: Part of `wall_ns`: from dispatch to the barrier's release, less the slowest worker's busy time.
        gc_ns: Part of `wall_ns`: garbage collection in the parent that no worker's row counts already.
        process_cpu_ns: CPU time during the frame of all threads of the parent's process.
        parent: What the parent's thread used during the frame.
    """

    frame: int
    start_ns: int
    wall_ns: int
    settle_ns: int
    dispatch_ns: int
    barrier_wait_ns: int
    gc_ns: int
    process_cpu_ns: int
    parent: ThreadSpan


def frame_keys(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return a number for each row that identifies its frame among all stages, and grows with time.

    Args:
        rows: `(rows,)`, structured as `frames.npy` or `workers.npy`.

    Returns:
        `(rows,)`; a frame's key is one more than that of the frame before it in its stage.
    """
    keys: NDArray[np.int64] = (rows["stage"] << FRAME_NUMBER_BITS) + rows["frame"]
    return keys


def frame_dtype(phases: Sequence[str], settle_phase: str, frame_counters: Sequence[str]) -> np.dtype[np.void]:
    """Return the columns of `frames.npy`, all int64.

    ============================= ======================================================================
    column                        meaning
    ============================= ======================================================================
    `frame`                       number of the frame within its stage, from 0
    `stage`                       number of the stage, from 0
    `warmup`                      1 in a frame that is not judged, else 0
    `start_ns`                    when the frame began, in `perf_counter_ns`
    `wall_ns`                     how long the frame took, from dispatch to the end of settling
    `{phase}_ns`                  time of the phase in its slowest worker
    `{settle_phase}_ns`           the parent's settling
    `dispatch_ns`                 handing the frame to the workers
    `barrier_wait_ns`             until the barrier's release, less the slowest worker's busy time
    `busy_ns`                     wall time within workers, summed over them
    `cpu_ns`                      CPU time within workers, summed over them
    `gc_ns`                       garbage collection in the parent and in workers
    `{frame_counter}`             what the frame counter counted in this frame
    `process_cpu_ns`              CPU time of all threads of the parent's process, from the frame's
                                  beginning to its end
    `parent_cpu_ns`               CPU time of the parent's thread
    `parent_core_wait_ns`         the parent's thread ready to run, and waiting for a core
    `parent_core_wait_before_ns`  the same between the frame before and this one
    `parent_system_ns`            part of `parent_cpu_ns`: in the system's kernel; to the tick on some
                                  systems
    `parent_minor_faults`         page faults of the parent's thread without reading from a disk
    `parent_major_faults`         page faults of the parent's thread with reading from a disk
    `parent_involuntary_switches` how often the parent's thread had to leave its core to others
    `parent_voluntary_switches`   how often the parent's thread left its core because it had to wait
    ============================= ======================================================================

    In sequential mode the parent's thread is the worker's, too. The columns `parent_…` are the fields of
    `recording.scheduling.ThreadSpan`; a figure that the system has no source for is -1. A wait that was not read in
    this frame is -2: the next one that was read includes it.
    """
    phase_columns = [f"{phase}_ns" for phase in (*phases, settle_phase)]
    return _integers((*_FRAME_HEAD, *phase_columns, *_FRAME_TAIL, *frame_counters, *_PARENT))


def worker_dtype(phases: Sequence[str]) -> np.dtype[np.void]:
    """Return the columns of `workers.npy`, all int64: one row per frame and worker, in the order of both.

    ========================= ======================================================================
    column                    meaning
    ========================= ======================================================================
    `frame`                   number of the frame within its stage, from 0
    `stage`                   number of the stage, from 0
    `worker`                  number of the worker, from 0
    `start_ns`                when the worker began the frame, in `perf_counter_ns`
    `busy_ns`                 how long the worker took for the frame
    `cpu_ns`                  part of `busy_ns`: CPU time of the worker's thread
    `gc_ns`                   part of `busy_ns`: garbage collection by the worker's thread
    `core_wait_ns`            part of `busy_ns`: ready to run and waiting for a core
    `core_wait_before_ns`     waiting for a core between the thread's previous row and this one,
                              as a woken thread does before it can read the clock
    `system_ns`               part of `cpu_ns`: in the system's kernel; to the tick on some systems
    `minor_faults`            page faults without reading from a disk
    `major_faults`            page faults with reading from a disk
    `involuntary_switches`    how often the thread had to leave its core to others
    `voluntary_switches`      how often the thread left its core because it had to wait
    `{phase}_ns`              time of the phase
    ========================= ======================================================================

    A figure that the system has no source for is -1, never 0. A wait that was not read in this row is -2: the next one
    that was read for the same worker includes it. For the rest of `busy_ns`, less `cpu_ns` and
    `core_wait_ns`, the thread was blocked: on the GIL, a lock, input or output, asleep, or stopped.
    """
    return _integers((*_WORKER_HEAD, *(f"{phase}_ns" for phase in phases)))


class FrameRecorder:
    """Keeps rows of frames and workers until they are drained.

    Args:
        frame_dtype: As returned by `frame_dtype`.
        worker_dtype: As returned by `worker_dtype`, of the same phases.
    """

    def __init__(self, frame_dtype: np.dtype[np.void], worker_dtype: np.dtype[np.void]) -> None:
        self._frame_dtype = frame_dtype
        self._worker_dtype = worker_dtype
        num_frame_columns, num_worker_columns = len(frame_dtype.names or ()), len(worker_dtype.names or ())
        self._num_phases = num_worker_columns - len(_WORKER_HEAD)
        self._blank_phases = (0,) * self._num_phases
        self._frames = np.zeros((_FIRST_ROWS, num_frame_columns), np.int64)
        self._workers = np.zeros((_FIRST_ROWS, num_worker_columns), np.int64)
        self._first_worker_row: list[int] = []
        self._num_worker_rows = 0

    def record(
        self, stage: int, warmup: bool, timing: FrameTiming, workers: NDArray[np.int64], counts: Sequence[int]
    ) -> None:
        """Record one frame.

        Args:
            stage: Number of the stage.
            warmup: Whether the frame is part of the warm-up, and so not judged.
            timing: What the parent measured.
            workers: `(workers, len(WORKER_COLUMNS) + phases)`, int64: the rows that the workers wrote.
            counts: One number per frame counter.
        """
        index = len(self._first_worker_row)
        begin = self._num_worker_rows
        end = begin + len(workers)
        if index == len(self._frames):
            self._frames = _doubled(self._frames)
        while end > len(self._workers):
            self._workers = _doubled(self._workers)
        self._frames[index] = (
            timing.frame, stage, warmup, timing.start_ns, timing.wall_ns,
            *self._blank_phases, timing.settle_ns,
            timing.dispatch_ns, timing.barrier_wait_ns, 0, 0, timing.gc_ns,
            *counts, timing.process_cpu_ns, *timing.parent,
        )  # fmt: skip
        # A worker's row begins with the frame that it completed, in place of `frame`, `stage`, `worker`.
        self._workers[begin:end, 3:] = workers[:, 1:]
        self._first_worker_row.append(begin)
        self._num_worker_rows = end

    def drain(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the rows recorded since the last drain, and forget them.

        Returns:
            `(frames,)` of the frame dtype and `(frames · workers,)` of the worker dtype, both the caller's own.
        """
        frames = self._frames[: len(self._first_worker_row)].copy()
        workers = self._workers[: self._num_worker_rows].copy()
        if len(frames):
            self._complete(frames, workers, np.array(self._first_worker_row))
        self._first_worker_row.clear()
        self._num_worker_rows = 0
        return frames.view(self._frame_dtype)[:, 0], workers.view(self._worker_dtype)[:, 0]

    def _complete(self, frames: NDArray[np.int64], workers: NDArray[np.int64], first: NDArray[np.int64]) -> None:
        counts = np.diff(first, append=len(workers))
        workers[:, :2] = np.repeat(frames[:, :2], counts, axis=0)
        workers[:, 2] = np.arange(len(workers)) - np.repeat(first, counts)
        phases = len(_FRAME_HEAD)
        sums = phases + self._num_phases + 1 + _FRAME_TAIL.index("busy_ns")
        frames[:, phases : phases + self._num_phases] = np.maximum.reduceat(workers[:, len(_WORKER_HEAD) :], first)
        frames[:, sums : sums + 3] += np.add.reduceat(workers[:, 4:7], first)


def _integers(names: Sequence[str]) -> np.dtype[np.void]:
    return np.dtype([(name, np.int64) for name in names])


def _doubled(block: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([block, np.zeros_like(block)])
