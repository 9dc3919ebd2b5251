"""Computes where a run's time went, as shares of its workers' time.

The time of a worker (see `worker_times`) is the whole wall time of each frame. Its parts are:

- *compute* is CPU time of the worker within its phases;
- *not scheduled* is waiting for a core, by the worker, or by the parent while the worker waits for the parent;
- *blocked* is the rest of the worker's phases: the GIL, a lock, input or output, sleep, a stopped process;
- *barrier* is waiting for the frame's last worker, which is imbalance;
- *settling* is waiting while the parent settles the frame (in sequential mode, settling it);
- *moving data* is the rest: handing out the frame and collecting it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from walkerbench.recorded_value import MISSING, RecordedValue
from walkerbench.slow_frames.worker_times import Integers, Setting, WorkerTimes, is_recorded, worker_times_of

TimePart = Literal["compute", "blocked", "moving data", "barrier", "settling", "not scheduled"]
"""A part of a worker's time."""

PartsNs = dict[TimePart, int | None]
"""Part → ns, summed over workers and frames; None where it is not available on this system."""

_COUNTS_PER_FRAME = ("minor_faults", "major_faults", "involuntary_switches")


@dataclass(frozen=True)
class TimeShare(RecordedValue):
    """The share of the workers' time that one part takes.

    Attributes:
        part: The part.
        share: 0…1; None where it is not available on this system.
        upper_bound: Whether the share may also hold the time of other causes, which cannot be distinguished.
    """

    part: TimePart
    share: float | None
    upper_bound: bool


@dataclass(frozen=True)
class Attribution(RecordedValue):
    """Where the time of a run's judged frames went.

    Attributes:
        shares: One for each part; they add up to 1.
        effective_cores: CPU time of the parent and all workers within frames, per wall time.
        garbage_collection: Garbage collection of all processes, as a share of the same time as `shares`.
        minor_faults: Page faults per frame that read nothing from a disk; None where not available on this system.
        major_faults: Page faults per frame that read from a disk; None where not available on this system.
        involuntary_switches: How often per frame a thread had to leave its core; None where not available.
    """

    shares: tuple[TimeShare, ...]
    effective_cores: float
    garbage_collection: float
    minor_faults: float | None
    major_faults: float | None
    involuntary_switches: float | None


def attribute(frames: NDArray[Any], workers: NDArray[Any], settings: Sequence[Setting]) -> Attribution | None:
    """Attribute the time of judged frames.

    Args:
        frames: `(frames,)`, structured as `frames.npy`; those of the warm-up are ignored.
        workers: `(rows,)`, structured as `workers.npy`.
        settings: How the workers shared the machine, one per stage.

    Returns:
        The attribution; None without judged frames, and for recordings of schema 1, which lack the needed columns.
    """
    found = [
        (setting, times)
        for stage, setting in enumerate(settings)
        if (times := _judged_times(frames[frames["stage"] == stage], workers, setting)) is not None
    ]
    if not found:
        return None
    stages = [times for _, times in found]
    wall_ns = sum(int(times.frames["wall_ns"].sum()) for times in stages)
    workers_wall_ns = sum(int(times.frames["wall_ns"][times.frame].sum()) for times in stages)
    collected_ns = sum(int(times.frames["gc_ns"].sum()) for times in stages)
    return Attribution(
        shares(
            _added([_nanoseconds(times) for times in stages]),
            wait_for_gil=any(setting.workers_wait_for_gil for setting, _ in found),
        ),
        effective_cores=sum(_cpu_ns(times, setting) for setting, times in found) / wall_ns,
        garbage_collection=collected_ns / workers_wall_ns,
        **{name: _count_per_frame(found, name) for name in _COUNTS_PER_FRAME},
    )


def nanoseconds(frames: NDArray[Any], workers: NDArray[Any], setting: Setting) -> PartsNs | None:
    """Return the time of each part in judged frames; the caller may add up several recordings. See `attribute`."""
    times = _judged_times(frames, workers, setting)
    return None if times is None else _nanoseconds(times)


def shares(parts_ns: Mapping[TimePart, int | None], *, wait_for_gil: bool) -> tuple[TimeShare, ...]:
    """Return each part's share of their sum.

    Args:
        parts_ns: Part → ns, as returned by `nanoseconds`; None where not available on this system.
        wait_for_gil: Whether workers may have waited for one another's GIL.
    """
    total = sum(ns for ns in parts_ns.values() if ns is not None)
    # Where it is not recorded how long a thread waited for a core, every wait may have been for a core. A thread may
    # also wait for the GIL before it begins, which is not recorded.
    bounds: set[TimePart] = {"blocked"}
    if wait_for_gil:
        bounds.add("moving data")
    if parts_ns["not scheduled"] is None:
        bounds |= {"moving data", "settling"}
    return tuple(TimeShare(part, None if ns is None else ns / total, part in bounds) for part, ns in parts_ns.items())


def _judged_times(frames: NDArray[Any], workers: NDArray[Any], setting: Setting) -> WorkerTimes | None:
    if not is_recorded(frames, workers):
        return None
    times = worker_times_of(frames[frames["warmup"] == 0], workers, setting)
    return times if times.frames["wall_ns"].any() else None


def _nanoseconds(times: WorkerTimes) -> PartsNs:
    """Return the time of each part, summed over workers and frames."""
    frame = times.frame
    waited_to_gather = np.minimum(times.parent_core_wait_ns + times.late_ns, times.gather_ns)
    waited_to_settle = np.clip(times.parent_core_wait_ns + times.late_ns - times.gather_ns, 0, times.settle_ns)
    waited = times.core_wait_ns + times.core_wait_before_ns + (waited_to_gather + waited_to_settle)[frame]
    blocked = times.busy_ns - times.cpu_ns - times.core_wait_ns
    settling = (times.settle_ns - waited_to_settle)[frame]
    known = times.cpu_ns + blocked + times.after_ns + settling + waited
    moving = np.maximum(0, times.frames["wall_ns"][frame] - known)
    parts: dict[TimePart, Integers] = {
        "compute": times.cpu_ns,
        "blocked": blocked,
        "moving data": moving,
        "barrier": times.after_ns,
        "settling": settling,
        "not scheduled": waited,
    }
    summed: PartsNs = {part: int(values.sum()) for part, values in parts.items()}
    return summed if times.tells_core_wait else {**summed, "not scheduled": None}


def _added(stages: Sequence[PartsNs]) -> PartsNs:
    return {part: _sum_of_known(stage[part] for stage in stages) for part in stages[0]}


def _sum_of_known(values: Iterable[int | None]) -> int | None:
    """Return the sum; None where a value is not known."""
    known = list(values)
    return None if None in known else sum(value or 0 for value in known)


def _cpu_ns(times: WorkerTimes, setting: Setting) -> int:
    """Return the CPU time of the parent and all workers within frames."""
    workers_ns = 0 if not setting.traits.side_by_side else int(times.cpu_ns.sum())
    return int(times.frames["parent_cpu_ns"].sum()) + workers_ns


def _count_per_frame(stages: Sequence[tuple[Setting, WorkerTimes]], name: str) -> float | None:
    """Return a count per frame; None where it is not available on this system."""
    total = count = 0
    for setting, times in stages:
        # In sequential mode the parent's thread is also the worker's, and its counts cover both.
        of_workers = times.workers[name][: None if setting.traits.side_by_side else 0]
        of_parent = times.frames[f"parent_{name}"]
        if (of_parent == MISSING).any() or (of_workers == MISSING).any():
            return None
        total += int(of_parent.sum()) + int(of_workers.sum())
        count += len(times.frames)
    return total / count
