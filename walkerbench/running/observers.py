"""Observers of a run: the recorder, the progress display, and any others that a caller gives.

The thread that steps the environment calls the observers, between frames and outside of timed sections. The time that
each observer takes is measured. An observer that raises or is too slow is dropped, and `run.json` says so: it never
disturbs the run.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from walkerbench.errors import RAISED_BY_OTHERS, describe_error
from walkerbench.recording.frames import FrameTiming
from walkerbench.run_directory import CheckpointRecord, ObserverRecord, RunFile
from walkerbench.running.training_environment import TrainingEnvironment

SNAPSHOTS_PER_S = 30.0
"""The most snapshots that are taken per second, however often observers ask for them."""

SNAPSHOT_SHARE = 0.01
"""The share of the time that snapshots may take which do not fit into the pause between two frames."""

_SNAPSHOT_MARGIN = 2  # a snapshot may take longer than the one before

ALLOWED_S, ALLOWED_SHARE = 1.0, 0.1
"""An observer is dropped when its calls took longer than the sum of these seconds and this share of the run's time."""


@dataclass(frozen=True)
class RunStart:
    """The facts that an observer gets before the first frame.

    Attributes:
        directory: The run directory.
        run: Its `run.json` as it is now.
        request_snapshot: Asks for one snapshot, from any thread; `RunObserver.snapshot` then gets it.
    """

    directory: Path
    run: RunFile
    request_snapshot: Callable[[], None]


@dataclass(frozen=True)
class StageView:
    """The stage that is being run. Observers may read it and must not change it.

    Attributes:
        number: From 0.
        stages: How many stages the run has.
        frames: Frames of this stage, or None where its duration decides.
        limit_ns: The time at which the stage ends, in `perf_counter_ns`; None where its number of frames decides.
        warmup: Frames at the stage's start that are not judged.
        begun_ns: The time at which the stage began, in `perf_counter_ns`.
        environment: The environment that is stepped; its buffers, counters and statistics may be read.
        effective_cores: Returns CPU seconds per second of the last CPU samples, or None without any.
    """

    number: int
    stages: int
    frames: int | None
    limit_ns: int | None
    warmup: int
    begun_ns: int
    environment: TrainingEnvironment
    effective_cores: Callable[[], float | None]


@dataclass(frozen=True)
class RecordedRows:
    """The rows that were recorded since the last time. Observers may read them and must not change them.

    Attributes:
        frames: `(frames,)`, structured as `frames.npy`.
        workers: `(frames · workers,)`, structured as `workers.npy`.
        cpu: `(samples,)`, structured as `cpu.npy`.
    """

    frames: NDArray[Any]
    workers: NDArray[Any]
    cpu: NDArray[Any]


class RunObserver:
    """Base class of observers. A subclass overrides the methods that it needs; the others cost nothing."""

    required: ClassVar[bool] = False
    """Whether the run cannot go on without this observer: its errors then break the run, and it is never dropped."""

    @property
    def name(self) -> str:
        """The observer's name in `run.json`."""
        return type(self).__name__

    def started(self, start: RunStart) -> None:
        """Take note that the run directory is open; the first frame comes next.

        Args:
            start: Where the run is recorded, what is known of it, and how to ask for a snapshot.
        """

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        """Take note of a frame that has just ended.

        Args:
            stage: The stage.
            timing: When the frame began, and what each part of it took.
        """

    def recorded_rows(self, stage: StageView, rows: RecordedRows) -> None:
        """Take the rows of the last frames, four times per second.

        Args:
            stage: The stage.
            rows: What was recorded since the last time.
        """

    def checkpoint(self, stage: StageView, checkpoint: CheckpointRecord) -> None:
        """Take note of the trajectory's digest after the last frame.

        Args:
            stage: The stage.
            checkpoint: The digest, and the population's statistics.
        """

    def snapshot(self, stage: StageView, frame: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take what can be drawn after a frame.

        Args:
            stage: The stage.
            frame: Number of the last frame that was run.
            arrays: The workload's fields, by name, as returned by `ExecutionMode.snapshot`; the observer may keep them.
        """

    def finished(self, run: RunFile) -> None:
        """Take note that the run has ended, in any way; it is judged if its output could be written.

        Args:
            run: Its `run.json`.
        """


class SnapshotRequests:
    """Keeps the requests of observers for snapshots; the frame loop checks them between frames.

    Attributes:
        waiting: Whether an observer waits for a snapshot.
    """

    def __init__(self) -> None:
        self.waiting = False
        self._taken_ns = 0
        self._costs_ns: deque[int] = deque(maxlen=5)
        self._next_ns = 0

    def request(self) -> None:
        """Ask for a snapshot, from any thread; the frame loop takes it between two frames."""
        self.waiting = True

    def take(self, now_ns: int, spare_ns: int = 0) -> bool:
        """Return whether a snapshot is to be taken now, and count it as taken.

        Args:
            now_ns: In `perf_counter_ns`.
            spare_ns: The time until the next frame is due.
        """
        if not self.waiting or now_ns < self._next_ns or not self._is_affordable(now_ns, spare_ns):
            return False
        self.waiting = False
        self._taken_ns = now_ns
        period_ns = int(1e9 / SNAPSHOTS_PER_S)
        # Counted from when it was due, not from now: otherwise frames that come a little early would delay snapshots.
        self._next_ns = max(self._next_ns, now_ns - period_ns // 2) + period_ns
        return True

    def taken(self, now_ns: int) -> None:
        """Note that the snapshot has been taken."""
        self._costs_ns.append(now_ns - self._taken_ns)

    def _is_affordable(self, now_ns: int, spare_ns: int) -> bool:
        """Return whether a snapshot fits into the pause before the next frame, or is within its share of the time."""
        if not self._costs_ns:
            return True
        fits = spare_ns >= _SNAPSHOT_MARGIN * statistics.median_low(self._costs_ns)
        return fits or now_ns >= self._taken_ns + int(self._costs_ns[-1] / SNAPSHOT_SHARE)


@dataclass
class _TrackedObserver:
    """An observer and what it has cost so far."""

    observer: RunObserver
    cost_ns: int = 0
    dropped: str | None = None


class ObserverFanOut:
    """Tells every observer, measures what each costs, and drops those that disturb.

    Args:
        observers: In the order in which they are told.
        clock_ns: Returns monotonic time, ns.

    Attributes:
        snapshots: The requests of the observers for snapshots.
    """

    def __init__(self, observers: Sequence[RunObserver], clock_ns: Callable[[], int] = time.perf_counter_ns) -> None:
        self.snapshots = SnapshotRequests()
        self._all = [_TrackedObserver(observer) for observer in observers]
        self._clock_ns = clock_ns
        self._begun_ns = clock_ns()
        self._frame_observers = self._wanting("frame")

    def started(self, directory: Path, run: RunFile) -> None:
        """Tell the observers that the run directory is open."""
        self._begun_ns = self._clock_ns()
        start = RunStart(directory, run, self.snapshots.request)
        for each in self._wanting("started"):
            self._tell(each, lambda observer: observer.started(start))

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        """Tell the observers that a frame has ended."""
        for each in self._frame_observers:
            self._tell(each, lambda observer: observer.frame(stage, timing))

    @property
    def want_rows(self) -> bool:
        """Whether an observer takes recorded rows."""
        return bool(self._wanting("recorded_rows"))

    def recorded_rows(self, stage: StageView, rows: RecordedRows) -> None:
        """Give the observers the rows that were recorded since the last time."""
        for each in self._wanting("recorded_rows"):
            self._tell(each, lambda observer: observer.recorded_rows(stage, rows))

    def checkpoint(self, stage: StageView, checkpoint: CheckpointRecord) -> None:
        """Give the observers the trajectory's digest."""
        for each in self._wanting("checkpoint"):
            self._tell(each, lambda observer: observer.checkpoint(stage, checkpoint))

    def snapshot(self, stage: StageView, frame: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Give the observers a snapshot."""
        for each in self._wanting("snapshot"):
            self._tell(each, lambda observer: observer.snapshot(stage, frame, arrays))

    def finished(self, run: RunFile) -> None:
        """Tell the observers that the run has ended."""
        for each in self._wanting("finished"):
            self._tell(each, lambda observer: observer.finished(run))

    def records(self) -> tuple[ObserverRecord, ...]:
        """Return how much time each observer took, and why it was dropped, if it was."""
        return tuple(
            ObserverRecord(name=each.observer.name, cost_s=each.cost_ns / 1e9, dropped=each.dropped)
            for each in self._all
        )

    def _wanting(self, event: str) -> tuple[_TrackedObserver, ...]:
        """Return the observers that override an event's method and have not been dropped."""
        return tuple(
            each
            for each in self._all
            if each.dropped is None and getattr(type(each.observer), event) is not getattr(RunObserver, event)
        )

    def _tell(self, each: _TrackedObserver, call: Callable[[RunObserver], None]) -> None:
        begun_ns = self._clock_ns()
        try:
            call(each.observer)
        except RAISED_BY_OTHERS as error:
            if each.observer.required:
                raise
            self._drop(each, f"raised {describe_error(error)}")
        now_ns = self._clock_ns()
        each.cost_ns += now_ns - begun_ns
        allowed_ns = ALLOWED_S * 1e9 + ALLOWED_SHARE * (now_ns - self._begun_ns)
        if each.cost_ns > allowed_ns and not each.observer.required:
            self._drop(each, f"took {each.cost_ns / 1e9:.1f} s of {(now_ns - self._begun_ns) / 1e9:.1f} s")

    def _drop(self, each: _TrackedObserver, because: str) -> None:
        each.dropped = each.dropped or because
        self._frame_observers = self._wanting("frame")
