"""Makes nested spans of each frame: what the parent and each worker did, and when.

A row holds when a frame or a worker's part of it began, and how long each piece took, but not when each piece began.
The pieces are laid out in the order in which they run, and clipped to the span around them. Two places are not exact:

- `barrier wait` is the time at the barrier beyond the slowest worker's own time. Some of it comes before the workers
  and some after them; it is shown at the end.
- A worker's phases are shown from the beginning of its part. An injected stall comes before the phases; then these are
  shown as late as they can have run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from walkerbench.recording.frames import frame_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from walkerbench.run_directory import RecordedRun, RunFile, WorkloadRecord

Row = dict[str, int]

FRAME_SPAN = "frame"
DISPATCH_SPAN = "dispatch"
WORKERS_SPAN = "workers"
BARRIER_WAIT_SPAN = "barrier wait"
STALL_SPAN = "stall"
"""Names of walkerbench's own spans; every other span has the name of its phase."""

_OWN_SPANS = (FRAME_SPAN, DISPATCH_SPAN, WORKERS_SPAN, BARRIER_WAIT_SPAN, STALL_SPAN)

_ROWS_AT_ONCE = 4096


class Span(NamedTuple):
    """Something that ran.

    Attributes:
        name: What ran.
        begin_ns: When it began, in `perf_counter_ns`.
        end_ns: When it ended, in `perf_counter_ns`.
        inside: The spans within this one, in order; none of them is empty.
    """

    name: str
    begin_ns: int
    end_ns: int
    inside: tuple[Span, ...] = ()


def span_names(workload: WorkloadRecord) -> tuple[str, ...]:
    """Return every name that a span may have."""
    return tuple(dict.fromkeys((*_OWN_SPANS, *workload.phases, workload.settle_phase)))


def num_workers(recorded: RecordedRun) -> int:
    """Return the largest number of workers of any stage; 0 where no frame was recorded."""
    return 1 + int(recorded.workers["worker"].max(initial=-1))


def begin_ns(recorded: RecordedRun) -> int:
    """Return when the first frame began; without frames, when CPU load was first sampled; without samples, 0."""
    if len(recorded.frames):
        return int(recorded.frames["start_ns"][0])
    return int(recorded.cpu["time_ns"][0]) if len(recorded.cpu) else 0


def end_ns(recorded: RecordedRun) -> int:
    """Return when the last frame ended; without frames, when CPU load was last sampled; without samples, 0."""
    if len(recorded.frames):
        return int(recorded.frames["start_ns"][-1] + recorded.frames["wall_ns"][-1])
    return int(recorded.cpu["time_ns"][-1]) if len(recorded.cpu) else 0


def frames_with_workers(recorded: RecordedRun) -> Iterator[tuple[Row, tuple[Row, ...]]]:
    """Yield each frame's row and its workers' rows; the last frames of a killed run may lack workers' rows."""
    parts = groupby(_rows(recorded.workers), _stage_and_frame)
    moment, workers = next(parts, (None, iter(())))
    for frame in _rows(recorded.frames):
        if moment != _stage_and_frame(frame):
            yield frame, ()
            continue
        yield frame, tuple(workers)
        moment, workers = next(parts, (None, iter(())))


def rows_of_worker(recorded: RecordedRun, number: int) -> Iterator[Row]:
    """Return a worker's rows, only of frames that were recorded."""
    frames, workers = recorded.frames, recorded.workers
    # The last rows of a run that was killed may belong to a frame that is lost.
    known = np.isin(frame_keys(workers), frame_keys(frames))
    return _rows(workers[known & (workers["worker"] == number)])


def row_of(record: Any) -> Row:
    """Return a record of a structured array as a dict."""
    return dict(zip(record.dtype.names, record.tolist(), strict=True))


def stalls_s(run: RunFile) -> dict[int, float]:
    """Return the injected stalls: frame → seconds for which worker 0 was stopped."""
    stalls = run.profile.get("faults", {}).get("stall_frames", {})
    return {int(frame): seconds for frame, seconds in stalls.items()}


class Timeline:
    """Makes spans from a run's rows.

    Args:
        run: The run.
    """

    def __init__(self, run: RunFile) -> None:
        self._phases = tuple(run.workload.phases)
        self._settle_phase = run.workload.settle_phase
        self._stalls = stalls_s(run)
        self._extra_share = run.profile.get("faults", {}).get("extra_work_percent", 0.0) / 100

    def parent(self, frame: Row) -> Span:
        """Return the span of a frame in the parent."""
        begin = frame["start_ns"]
        end = begin + max(0, frame["wall_ns"])
        dispatched = _clamp(begin, begin + frame["dispatch_ns"], end)
        released = _clamp(dispatched, end - frame[f"{self._settle_phase}_ns"], end)
        waits = _clamp(dispatched, released - frame["barrier_wait_ns"], released)
        return Span(
            FRAME_SPAN,
            begin,
            end,
            _without_empty(
                Span(DISPATCH_SPAN, begin, dispatched),
                Span(WORKERS_SPAN, dispatched, released, _without_empty(Span(BARRIER_WAIT_SPAN, waits, released))),
                Span(self._settle_phase, released, end),
            ),
        )

    def worker(self, worker: Row) -> Span:
        """Return the span of a worker's part of a frame."""
        begin = worker["start_ns"]
        end = begin + max(0, worker["busy_ns"])
        pieces = [(phase, worker[f"{phase}_ns"]) for phase in self._phases]
        if self.stalls(worker):
            needed = sum(duration for _, duration in pieces) * (1 + self._extra_share)
            pieces.insert(0, (STALL_SPAN, int(end - begin - needed)))
        return Span(FRAME_SPAN, begin, end, _without_empty(*_in_turn(begin, end, pieces)))

    def stalls(self, worker: Row) -> bool:
        """Return whether a stall was injected into this part of the frame; only worker 0 stalls."""
        return worker["worker"] == 0 and worker["frame"] in self._stalls


def _rows(array: NDArray[Any]) -> Iterator[Row]:
    names = array.dtype.names or ()
    for first in range(0, len(array), _ROWS_AT_ONCE):
        for values in array[first : first + _ROWS_AT_ONCE].tolist():
            yield dict(zip(names, values, strict=True))


def _stage_and_frame(row: Row) -> tuple[int, int]:
    return row["stage"], row["frame"]


def _in_turn(begin: int, end: int, pieces: Iterable[tuple[str, int]]) -> Iterator[Span]:
    for name, duration in pieces:
        after = _clamp(begin, begin + duration, end)
        yield Span(name, begin, after)
        begin = after


def _clamp(low: int, moment: int, high: int) -> int:
    return min(max(low, moment), high)


def _without_empty(*spans: Span) -> tuple[Span, ...]:
    """Return the spans that are not empty: a viewer cannot find out which span an empty one is in."""
    return tuple(span for span in spans if span.end_ns > span.begin_ns)
