"""Computes what the wall time of each frame was spent on, along the frame's critical path.

The path is the worker that ended last, from its beginning to its end; before and after that, the path is the parent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from walkerbench.recorded_value import MISSING
from walkerbench.slow_frames.worker_times import Integers, Setting, WorkerTimes

Cause = Literal[
    "not scheduled", "garbage collection", "waiting for the GIL", "page faults", "blocked", "not running", "compute"
]
"""Kinds of time; each of them can be the cause of a slow frame.

*Not scheduled*: the frame was ready to run and had no core; the host is the cause where there are enough cores for the
workers. *Waiting for the GIL* is distinguished from *blocked* by the CPU time that other threads of the process used at
the same time, and by how often the thread woke up to ask for the GIL. *Blocked* is a lock, input or output, sleep or a
stopped process, which cannot be distinguished. *Not running* is any of these on a system that does not count how long a
thread waits for a core. *Page faults* are CPU time within the kernel, or blocked time, with enough page faults to
explain it.
"""

# CPython's take_gil asks again every `sys.getswitchinterval()`, 5 ms, and each time is a voluntary switch; 1 ms more is
# for waking up. A thread that sleeps or waits for a lock makes one voluntary switch.
_LONGEST_GIL_WAIT_NS = 6_000_000
_UNKNOWN_NS = np.iinfo(np.int64).max
_SLOWEST_FAULT_NS = 1_000_000  # a huge page takes about that long to be zeroed
_SLOWEST_READ_NS = 50_000_000  # a major fault on a busy disk


@dataclass(frozen=True)
class CriticalPath:
    """What frames spent on their critical paths. Arrays are `(frames,)`, int64, ns.

    Attributes:
        frames: Structured as `frames.npy`.
        worker: Number of the worker that ended last; None in sequential mode.
        busy_ns: How long the path is that worker; the whole wall time in sequential mode.
        cpu_ns: CPU time.
        core_wait_ns: Waiting for a core.
        gc_ns: Garbage collection that held the frame up, in whichever thread.
        kinds: Kind of time → its part of the wall time; the kinds add up to the wall time.
        tells_core_wait: Whether it is available on this system how long threads waited for a core.
    """

    frames: NDArray[Any]
    worker: Integers | None
    busy_ns: Integers
    cpu_ns: Integers
    core_wait_ns: Integers
    gc_ns: Integers
    kinds: Mapping[Cause, Integers]
    tells_core_wait: bool


def follow(times: WorkerTimes, setting: Setting) -> CriticalPath:
    """Return the critical paths of all frames.

    Args:
        times: The frames.
        setting: How the workers shared the machine.
    """
    frames, last = times.frames, times.last()
    if not setting.traits.side_by_side:
        # The parent's thread is also the worker's, and its figures cover the whole frame.
        rows = np.zeros(len(frames), times.workers.dtype)
        busy_ns = frames["wall_ns"]
        cpu_ns, core_wait_ns = _outside(times, np.zeros_like(frames["wall_ns"]), times.core_wait_ns)
    else:
        rows = times.workers[last]
        busy_ns = times.busy_ns[last]
        outside = _outside(times, busy_ns, times.core_wait_before_ns[last] + times.late_ns)
        cpu_ns, core_wait_ns = times.cpu_ns[last] + outside[0], times.core_wait_ns[last] + outside[1]
    blocked_ns = frames["wall_ns"] - cpu_ns - core_wait_ns
    gil_ns = _waiting_for_gil(times, last, setting, blocked_ns)
    gc_ns = np.minimum(_garbage_collection_ns(times, rows, setting), cpu_ns + gil_ns)
    gc_by_others_ns = np.maximum(0, gc_ns - cpu_ns)
    computed_ns = cpu_ns - (gc_ns - gc_by_others_ns)
    asleep_ns = blocked_ns - gil_ns
    fault_ns = np.minimum(computed_ns, _page_fault_ns(frames, rows))
    read_ns = np.where(asleep_ns <= _SLOWEST_READ_NS * _count(frames, rows, "major_faults"), asleep_ns, 0)
    kinds: dict[Cause, Integers] = {
        "not scheduled": core_wait_ns,
        "garbage collection": gc_ns,
        "waiting for the GIL": gil_ns - gc_by_others_ns,
        "page faults": fault_ns + read_ns,
        "blocked" if times.tells_core_wait else "not running": asleep_ns - read_ns,
        "compute": computed_ns - fault_ns,
    }
    worker = None if not setting.traits.side_by_side else rows["worker"]
    return CriticalPath(frames, worker, busy_ns, cpu_ns, core_wait_ns, gc_ns, kinds, times.tells_core_wait)


def _outside(times: WorkerTimes, inside_ns: Integers, woken_ns: Integers) -> tuple[Integers, Integers]:
    """Return CPU time and waiting for a core while the path is the parent; their sum is at most that time.

    Args:
        times: The frames.
        inside_ns: `(frames,)`; how long the path is a worker.
        woken_ns: `(frames,)`; how long the path waited for a core in addition to the parent's own waiting.
    """
    outside_ns = times.frames["wall_ns"] - inside_ns
    cpu_ns = np.minimum(times.frames["parent_cpu_ns"], outside_ns)
    # The parent can wait for a core while the worker still computes: a wait longer than the parent's part was parallel.
    return cpu_ns, np.minimum(times.parent_core_wait_ns + woken_ns, outside_ns - cpu_ns)


def _garbage_collection_ns(times: WorkerTimes, rows: NDArray[Any], setting: Setting) -> Integers:
    """Return `(frames,)`: garbage collection that can have delayed the path: in the parent or the worker."""
    collected_ns: Integers = times.frames["gc_ns"].copy()
    if setting.traits.in_caller_process or not len(times.frames):
        return collected_ns
    collected_ns -= np.add.reduceat(times.gc_ns, times.first) - rows["gc_ns"]
    return collected_ns


def _waiting_for_gil(times: WorkerTimes, last: Integers, setting: Setting, blocked_ns: Integers) -> Integers:
    """Return `(frames,)`: of the time that the path was blocked, the most that can have been for the GIL."""
    if not setting.gil_enabled:
        return np.zeros_like(blocked_ns)
    if not setting.traits.side_by_side:
        in_worker_ns, asked_ns = blocked_ns, _asking_ns(times.frames, "parent_voluntary_switches")
    else:
        in_worker_ns = times.busy_ns[last] - times.cpu_ns[last] - times.core_wait_ns[last]
        asked_ns = _asking_ns(times.workers[last], "voluntary_switches")
    if not setting.traits.share_gil:  # the worker has a GIL of its own
        asked_ns = np.zeros_like(blocked_ns)
    # How often a thread asks for the GIL before it begins is not counted.
    elsewhere_ns = blocked_ns - in_worker_ns
    waiting_ns: Integers = np.minimum(
        elsewhere_ns + np.minimum(in_worker_ns, asked_ns), _other_threads_ns(times, last, setting)
    )
    return waiting_ns


def _asking_ns(rows: NDArray[Any], column: str) -> Integers:
    """Return `(rows,)`: the longest wait for the GIL that fits the number of times a thread woke up to ask for it."""
    if column not in (rows.dtype.names or ()):  # a recording of schema 2
        return np.full(len(rows), _UNKNOWN_NS)
    asking_ns: Integers = np.where(rows[column] == MISSING, _UNKNOWN_NS, _LONGEST_GIL_WAIT_NS * rows[column])
    return asking_ns


def _other_threads_ns(times: WorkerTimes, last: Integers, setting: Setting) -> Integers:
    """Return `(frames,)`: how long other threads of the parent's process computed, or waited for a core to continue.

    In that time those threads can have held the GIL.
    """
    frames = times.frames
    others_ns: Integers = frames["process_cpu_ns"] - frames["parent_cpu_ns"]
    if setting.traits.side_by_side and setting.traits.in_caller_process and len(frames):
        others_ns = others_ns - times.cpu_ns[last] - times.core_wait_ns[last]
        others_ns += np.add.reduceat(times.core_wait_ns, times.first)
    return np.maximum(0, others_ns)


def _page_fault_ns(frames: NDArray[Any], rows: NDArray[Any]) -> Integers:
    """Return CPU time within the kernel where there were enough page faults to explain it; else 0."""
    system_ns = _count(frames, rows, "system_ns")
    return np.where(system_ns <= _SLOWEST_FAULT_NS * _count(frames, rows, "minor_faults"), system_ns, 0)


def _count(frames: NDArray[Any], rows: NDArray[Any], name: str) -> Integers:
    """Return the sum of the parent's and the worker's counts; a count that is not available on this system adds 0."""
    counts: Integers = np.maximum(0, frames[f"parent_{name}"]) + np.maximum(0, rows[name])
    return counts
