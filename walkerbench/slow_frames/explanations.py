"""Explains why a frame was over its limit: which kind of time exceeds that of a typical frame most.

A frame is compared with the typical frame of its stage: the median of each kind of time on the critical path over the
judged frames. Where the typical frame itself is over the limit, it is scaled down to the limit. The kind of time with
the largest excess is the cause.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.criteria.grammar import Criterion
from walkerbench.criteria.judging import Verdict
from walkerbench.criteria.metrics import MISSED_DEADLINES, duration_name
from walkerbench.recorded_value import RecordedValue
from walkerbench.slow_frames.critical_path import Cause, CriticalPath, follow
from walkerbench.slow_frames.worker_times import Setting, is_recorded, worker_times_of
from walkerbench.workloads.main_phase import MainPhase

_NS_PER_MS = 1e6
_SUMMED_COLUMNS = ("busy_ns", "cpu_ns", "gc_ns")  # summed over workers, so they are no part of the frame's wall time


@dataclass(frozen=True)
class SlowFrame(RecordedValue):
    """Why one frame took long.

    Attributes:
        stage: Number of the stage.
        frame: Number of the frame within its stage.
        criterion: Canonical text of the criterion whose limit or deadline the frame was over; None where the frame is
            only one of the slowest.
        value_ms: The time that the criterion limits; without a criterion the whole frame's time.
        wall_ms: The whole frame's time.
        cpu_ms: CPU time on the critical path, a part of `wall_ms`.
        not_scheduled_ms: Waiting for a core, a part of `wall_ms`; None where it is not available on this system.
        blocked_ms: The rest of `wall_ms`.
        gc_ms: Garbage collection within the frame; it is also in the parts above.
        worker: The worker that ended last, where most of the excess is its own; else None.
        cause: The cause.
        host: Whether the host is the cause: more than half of the excess was not scheduled, and without that the frame
            would have met the limit. Always false where there are more workers than cores.
    """

    stage: int
    frame: int
    criterion: str | None
    value_ms: float
    wall_ms: float
    cpu_ms: float
    not_scheduled_ms: float | None
    blocked_ms: float
    gc_ms: float
    worker: int | None
    cause: Cause
    host: bool


@dataclass(frozen=True)
class PaceDeadline:
    """How long a frame may take at real-time pace.

    Attributes:
        ms: The time, in ms.
        stages: Numbers of the stages that have this pace.
    """

    ms: float
    stages: frozenset[int]

    def has(self, frames: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which frames have a deadline, `(frames,)`.

        Args:
            frames: `(frames,)`, structured as `frames.npy`.
        """
        return np.isin(frames["stage"], list(self.stages))


@dataclass(frozen=True)
class FrameLimit:
    """The limit that a criterion sets for every single frame.

    Attributes:
        criterion: The criterion.
        bound: The limit for a frame: the criterion itself, or the deadline where the criterion counts missed deadlines.
        column: The column of `frames.npy` that is limited.
        deadline: The deadline whose frames the criterion counts; None where it limits every frame.
    """

    criterion: Criterion
    bound: Criterion
    column: str
    deadline: PaceDeadline | None = None

    @property
    def counts(self) -> bool:
        """Return whether the criterion limits the number of frames over the bound, and not each of them."""
        return self.deadline is not None

    def over(self, frames: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which frames are over the bound, `(frames,)`.

        Args:
            frames: `(frames,)`, structured as `frames.npy`.
        """
        held = [self.bound.holds(value) for value in (frames[self.column] / _NS_PER_MS).tolist()]
        over = ~np.array(held, np.bool_)
        return over if self.deadline is None else over & self.deadline.has(frames)

    def met_with(self, frames_over: int) -> bool:
        """Return whether the criterion would be met with this number of frames over the bound."""
        return self.criterion.holds(float(frames_over)) if self.counts else frames_over == 0


def limits_of(
    criteria: Iterable[Criterion], columns: Iterable[str], main_phase: MainPhase, deadline: PaceDeadline | None
) -> tuple[FrameLimit, ...]:
    """Return the limits that criteria set for every single frame: upper limits, and deadlines.

    Args:
        criteria: The run's criteria.
        columns: Names of the columns of `frames.npy`.
        main_phase: The workload's main phase.
        deadline: How long a frame may take at real-time pace; None where no stage has this pace.
    """
    durations = {duration_name(column, main_phase): column for column in columns if column not in _SUMMED_COLUMNS}
    limits = []
    for criterion in criteria:
        if criterion.metric in durations and criterion.statistic == "max" and criterion.operator in ("<", "<="):
            limits.append(FrameLimit(criterion, criterion, durations[criterion.metric]))
        elif criterion.key == MISSED_DEADLINES and deadline is not None and criterion.operator in ("<", "<=", "=="):
            limits.append(FrameLimit(criterion, Criterion("frame_ms", "max", "<=", deadline.ms), "wall_ns", deadline))
    return tuple(limits)


def explain_slow_frames(
    frames: NDArray[Any], workers: NDArray[Any], limits: Sequence[FrameLimit], settings: Sequence[Setting]
) -> tuple[SlowFrame, ...]:
    """Explain every judged frame that is over a limit, for each limit that it is over.

    Args:
        frames: `(frames,)`, structured as `frames.npy`; those of the warm-up are ignored.
        workers: `(rows,)`, structured as `workers.npy`.
        limits: As returned by `limits_of`.
        settings: How the workers shared the machine, one per stage.

    Returns:
        Explanations in the order of stages, criteria and frames; none for recordings of schema 1, which lack the needed
        columns.
    """
    if not settings or not limits or not is_recorded(frames, workers):
        return ()
    explanations: list[SlowFrame] = []
    for setting, path in _paths(frames, workers, settings):
        for limit in limits:
            explanations += _explain_frames_over(path, limit, may_be_host=not setting.crowded)
    return tuple(explanations)


def explain_slowest(
    frames: NDArray[Any], workers: NDArray[Any], settings: Sequence[Setting], count: int
) -> tuple[SlowFrame, ...]:
    """Explain the slowest judged frames, whether or not they are over a limit.

    Args:
        frames: `(frames,)`, structured as `frames.npy`; those of the warm-up are ignored.
        workers: `(rows,)`, structured as `workers.npy`.
        settings: How the workers shared the machine, one per stage.
        count: How many frames at most.

    Returns:
        Explanations, the longest frame's first; none for recordings of schema 1.
    """
    if not is_recorded(frames, workers):
        return ()
    explanations: list[SlowFrame] = []
    for _, path in _paths(frames, workers, settings):
        excess_ns = _excess(path, 1.0)
        for index in np.argsort(-path.frames["wall_ns"], kind="stable")[:count].tolist():
            cause = max(excess_ns, key=lambda kind: float(excess_ns[kind][index]))
            explanations.append(_explanation(path, index, None, 1.0, cause, host=False))
    return worst(explanations, count)


def worst(explanations: Iterable[SlowFrame], count: int) -> tuple[SlowFrame, ...]:
    """Return the longest explained frames, longest first; each frame once, with the first limit that it is over."""
    once: dict[tuple[int, int], SlowFrame] = {}
    for each in explanations:
        once.setdefault((each.stage, each.frame), each)
    return tuple(sorted(once.values(), key=lambda each: (-each.wall_ms, each.stage, each.frame))[:count])


def count_causes(explanations: Iterable[SlowFrame]) -> dict[Cause, int]:
    """Return how many explained frames each cause has, most first; a frame counts once, with its first limit."""
    once: dict[tuple[int, int], Cause] = {}
    for each in explanations:
        once.setdefault((each.stage, each.frame), each.cause)
    return dict(Counter(once.values()).most_common())


def excuse(
    verdict: Verdict, frames: NDArray[Any], explanations: Iterable[SlowFrame], limits: Iterable[FrameLimit]
) -> Verdict:
    """Change a failure to `unsupported` where the criterion would be met without the frames whose cause is the host.

    Args:
        verdict: The verdict on a criterion.
        frames: `(frames,)`, structured as `frames.npy`: the frames of the whole run.
        explanations: The explanations of the whole run, as returned by `explain_slow_frames`.
        limits: As returned by `limits_of`.

    Returns:
        The verdict with the outcome `unsupported` and the reason in its detail; or the unchanged verdict.
    """
    limit = next((each for each in limits if str(each.criterion) == verdict.criterion), None)
    if verdict.outcome != "fail" or limit is None:
        return verdict
    stages = (verdict.stage,) if verdict.stage is not None else np.unique(frames["stage"]).tolist()
    judged = frames[(frames["warmup"] == 0) & np.isin(frames["stage"], stages)]
    explained = [each for each in explanations if each.criterion == verdict.criterion and each.stage in stages]
    over = int(np.count_nonzero(limit.over(judged)))
    of_host = sum(each.host for each in explained)
    # A frame that could not be explained counts as slowed down by the code, not by the host.
    if len(explained) != over or not limit.met_with(over - of_host):
        return verdict
    detail = f"{verdict.detail}, but {_frames_of_host(limit, over, of_host)} ready to run and given no core by the host"
    return dataclasses.replace(verdict, outcome="unsupported", detail=detail)


def _frames_of_host(limit: FrameLimit, over: int, of_host: int) -> str:
    which = "that missed the deadline" if limit.counts else "over it"
    if of_host < over:
        return f"{of_host} of the {over} frames {which} were"
    return f"the frame {which} was" if over == 1 else f"each of the {over} frames {which} was"


def _paths(
    frames: NDArray[Any], workers: NDArray[Any], settings: Sequence[Setting]
) -> Iterator[tuple[Setting, CriticalPath]]:
    judged = frames[frames["warmup"] == 0]
    for stage in np.unique(judged["stage"]).tolist():
        setting = settings[stage]
        yield setting, follow(worker_times_of(judged[judged["stage"] == stage], workers, setting), setting)


def _excess(path: CriticalPath, scale: float) -> dict[Cause, NDArray[np.float64]]:
    """Return kind of time → `(frames,)`: how much more of it each frame had than the typical frame, ns."""
    return {kind: values - scale * np.median(values) for kind, values in path.kinds.items()}


def _explain_frames_over(path: CriticalPath, limit: FrameLimit, *, may_be_host: bool) -> Iterator[SlowFrame]:
    """Explain the frames that are over one limit."""
    value_ns, wall_ns = path.frames[limit.column], path.frames["wall_ns"]
    beyond = np.flatnonzero(limit.over(path.frames)).tolist()
    if not beyond:
        return
    median_ns = float(np.median(value_ns))
    scale = min(1.0, limit.bound.value * _NS_PER_MS / median_ns) if median_ns > 0 else 1.0
    excess_ns = _excess(path, scale)
    # It is not known where within the frame a thread waited. Only the part of the wait that is longer than the time
    # outside the limited column was certainly inside it.
    waited_ns = np.maximum(0, path.core_wait_ns - (wall_ns - value_ns))
    for index in beyond:
        cause = max(excess_ns, key=lambda kind: float(excess_ns[kind][index]))
        most = bool(waited_ns[index] > (value_ns[index] - scale * median_ns) / 2)
        met_without = limit.bound.holds(float(value_ns[index] - waited_ns[index]) / _NS_PER_MS)
        host = may_be_host and cause == "not scheduled" and most and met_without
        yield _explanation(path, index, limit, scale, cause, host=host)


def _explanation(
    path: CriticalPath, index: int, limit: FrameLimit | None, scale: float, cause: Cause, *, host: bool
) -> SlowFrame:
    row = path.frames[index]
    cpu_ns, waited_ns = path.cpu_ns[index], path.core_wait_ns[index]
    return SlowFrame(
        stage=int(row["stage"]),
        frame=int(row["frame"]),
        criterion=None if limit is None else str(limit.criterion),
        value_ms=float(row["wall_ns" if limit is None else limit.column] / _NS_PER_MS),
        wall_ms=float(row["wall_ns"] / _NS_PER_MS),
        cpu_ms=float(cpu_ns / _NS_PER_MS),
        not_scheduled_ms=float(waited_ns / _NS_PER_MS) if path.tells_core_wait else None,
        blocked_ms=float((row["wall_ns"] - cpu_ns - waited_ns) / _NS_PER_MS),
        gc_ms=float(path.gc_ns[index] / _NS_PER_MS),
        worker=_late_worker(path, index, scale),
        cause=cause,
        host=host,
    )


def _late_worker(path: CriticalPath, index: int, scale: float) -> int | None:
    """Return the worker that ended last, where it caused at least half of the frame's excess; else None."""
    if path.worker is None:
        return None
    wall_ns = path.frames["wall_ns"]
    own_ns = float(path.busy_ns[index] - scale * np.median(path.busy_ns))
    return int(path.worker[index]) if own_ns >= float(wall_ns[index] - scale * np.median(wall_ns)) / 2 else None
