"""Joins the rows of frames with the rows of their workers: which workers each frame had, and what each worker did.

Here a *worker* can run at the same time as the others. In a mode whose shards run side by side, it is a worker of the
mode; where shards run one after another, it is the one thread that steps all shards in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.modes.traits import ModeTraits
from walkerbench.recorded_value import MISSING
from walkerbench.recording.frames import frame_keys
from walkerbench.slow_frames.unread_waits import shared_out
from walkerbench.workloads.main_phase import MainPhase

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """How a run's workers shared the machine.

    Attributes:
        traits: Where the mode that ran runs its shards.
        gil_enabled: Whether the interpreter's global lock was on.
        settle_phase: Name of the phase that the parent runs after the barrier.
        main_phase: The phase that is judged beside the frame.
        crowded: Whether there were more workers than allowed cores: then workers wait for one another on any host.
    """

    traits: ModeTraits
    gil_enabled: bool
    settle_phase: str
    main_phase: MainPhase
    crowded: bool = False

    @property
    def workers_wait_for_gil(self) -> bool:
        """Return whether a worker may wait for the GIL while another worker holds it."""
        return self.gil_enabled and self.traits.can_wait_for_gil


@dataclass(frozen=True)
class WorkerTimes:
    """Frames, and the times of each frame's workers, in the order of frames and workers. All arrays are int64.

    Attributes:
        frames: `(frames,)`, structured as `frames.npy`: the frames whose workers' rows are known.
        workers: `(rows,)`, structured as `workers.npy`: the rows of these frames.
        frame: `(workers,)`; index of the worker's frame in `frames`.
        first: `(frames,)`; index of each frame's first worker.
        before_ns: `(workers,)`; from the frame's beginning to the worker's.
        busy_ns: `(workers,)`; from the worker's beginning to its end.
        cpu_ns: `(workers,)`; CPU time within `busy_ns`.
        core_wait_ns: `(workers,)`; waiting for a core within `busy_ns`; like the other waits 0 where not available.
        core_wait_before_ns: `(workers,)`; waiting for a core within `before_ns`.
        gc_ns: `(workers,)`; garbage collection in the worker's own process.
        after_ns: `(workers,)`; from the worker's end to that of the frame's last one.
        gather_ns: `(frames,)`; from the last worker's end to the barrier's release.
        late_ns: `(frames,)`; within `gather_ns`, how long a worker process waited for a core to send its answer.
        settle_ns: `(frames,)`; from the barrier's release to the frame's end.
        parent_core_wait_ns: `(frames,)`; the parent's waiting for a core that is not in a worker's figures.
        tells_core_wait: Whether it is available on this system how long threads waited for a core.
    """

    frames: NDArray[Any]
    workers: NDArray[Any]
    frame: Integers
    first: Integers
    before_ns: Integers
    busy_ns: Integers
    cpu_ns: Integers
    core_wait_ns: Integers
    core_wait_before_ns: Integers
    gc_ns: Integers
    after_ns: Integers
    gather_ns: Integers
    late_ns: Integers
    settle_ns: Integers
    parent_core_wait_ns: Integers
    tells_core_wait: bool

    def last(self) -> Integers:
        """Return `(frames,)`: the index of the worker that ended last in each frame."""
        # The last worker of a frame has no time after its end; where several have none, the first is taken.
        candidates = np.flatnonzero(self.after_ns == 0)
        return candidates[np.searchsorted(self.frame[candidates], np.arange(len(self.frames)))]


def is_recorded(frames: NDArray[Any], workers: NDArray[Any]) -> bool:
    """Return whether these arrays hold the scheduler's figures; those of schema 1 do not."""
    return "parent_core_wait_ns" in (frames.dtype.names or ()) and "core_wait_ns" in (workers.dtype.names or ())


def worker_times_of(frames: NDArray[Any], workers: NDArray[Any], setting: Setting) -> WorkerTimes:
    """Join the rows of frames with the rows of their workers.

    Args:
        frames: `(frames,)`, structured as `frames.npy`, in the order in which they were recorded.
        workers: `(rows,)`, structured as `workers.npy`, in the same order; rows of other frames are ignored.
        setting: How the workers shared the machine.
    """
    keys, row_keys = frame_keys(frames), frame_keys(workers)
    # A run that was killed may have written rows of one array without the matching rows of the other.
    frames, workers = frames[np.isin(keys, row_keys)], workers[np.isin(row_keys, keys)]
    first = np.searchsorted(frame_keys(workers), frame_keys(frames))
    columns = {name: workers[name] for name in _WORKER_COLUMNS}
    parent_ns = frames["parent_core_wait_ns"]
    tells = not ((columns["core_wait_ns"] == MISSING).any() or (parent_ns == MISSING).any())
    if not tells:
        parent_ns = np.zeros_like(parent_ns)
        columns |= {name: np.zeros_like(columns[name]) for name in ("core_wait_ns", "core_wait_before_ns")}
    frame = np.repeat(np.arange(len(frames)), np.diff(first, append=len(workers)))
    before_ns = np.maximum(0, columns["start_ns"] - frames["start_ns"][frame])
    columns["core_wait_before_ns"] = shared_out(columns["core_wait_before_ns"], before_ns, workers["worker"])
    if not setting.traits.side_by_side and len(frames):
        columns, before_ns = _as_one_worker(columns, first), before_ns[first]
        frame = first = np.arange(len(frames))
    settle_ns = frames[f"{setting.settle_phase}_ns"]
    released = frames["start_ns"] + frames["wall_ns"] - settle_ns
    end = columns["start_ns"] + columns["busy_ns"]
    last_end = np.maximum.reduceat(end, first) if len(frames) else end
    gather_ns = np.maximum(0, released - last_end)
    parent_ns = shared_out(parent_ns, gather_ns + settle_ns, np.zeros(len(frames), np.int64))
    too_long_ns = np.maximum(0, columns["core_wait_before_ns"] - before_ns)
    late_ns = _late_answers_ns(frames, too_long_ns, first) if setting.traits.own_processes else np.zeros_like(gather_ns)
    cpu_ns = np.minimum(columns["cpu_ns"], columns["busy_ns"])
    # A wait that is longer than the time from the frame's beginning to the worker's began before the frame.
    core_wait_before_ns = np.minimum(columns["core_wait_before_ns"], before_ns)
    if not setting.traits.side_by_side:  # the parent's thread is also the worker's
        parent_ns = np.maximum(0, parent_ns - columns["core_wait_ns"] - core_wait_before_ns)
    return WorkerTimes(
        frames=frames,
        workers=workers,
        frame=frame,
        first=first,
        before_ns=before_ns,
        busy_ns=columns["busy_ns"],
        cpu_ns=cpu_ns,
        core_wait_ns=np.minimum(columns["core_wait_ns"], columns["busy_ns"] - cpu_ns),
        core_wait_before_ns=core_wait_before_ns,
        gc_ns=columns["gc_ns"],
        after_ns=last_end[frame] - end,
        gather_ns=gather_ns,
        late_ns=np.minimum(late_ns, gather_ns),
        settle_ns=settle_ns,
        parent_core_wait_ns=parent_ns,
        tells_core_wait=tells,
    )


_WORKER_COLUMNS = ("start_ns", "busy_ns", "cpu_ns", "core_wait_ns", "core_wait_before_ns", "gc_ns")


def _late_answers_ns(frames: NDArray[Any], too_long_ns: Integers, first: Integers) -> Integers:
    """Return `(frames,)`: how long a worker process waited for a core before it sent its answer, ns.

    The rows of the next frame hold this wait: it is the part of their wait that began before that frame. A worker
    process sleeps between its answer and the next request, so it waited before it answered.
    """
    late_ns = np.zeros(len(frames), np.int64)
    if len(frames):
        follows = np.diff(frame_keys(frames)) == 1
        late_ns[:-1] = np.maximum.reduceat(too_long_ns, first)[1:] * follows
    return late_ns


def _as_one_worker(columns: dict[str, Integers], first: Integers) -> dict[str, Integers]:
    """Return one worker per frame: it begins when the first shard begins, and has the sums of all shards' figures."""
    added = {name: np.add.reduceat(values, first) for name, values in columns.items()}
    return added | {name: columns[name][first] for name in ("start_ns", "core_wait_before_ns")}
