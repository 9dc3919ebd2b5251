"""Compares sides of recorded runs, and returns the verdicts."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from walkerbench.comparison.comparison_result import METRIC, Compared, ComparedSide, ComparedTimes
from walkerbench.comparison.decision_rules import DEFAULT_RULES, DecisionRules
from walkerbench.comparison.same_sides import WhatRan
from walkerbench.comparison.verdicts import Question, RepeatTimes, judge_repeats
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.errors import NotComparable
from walkerbench.recorded_sides.comparability import JUDGED, check_comparable, check_repeats, not_proven_because
from walkerbench.recorded_sides.sides import RecordedSide
from walkerbench.recording.gil import gil_was_enabled
from walkerbench.run_directory import RecordedRun
from walkerbench.slow_frames.attribution import TimeShare
from walkerbench.workloads.digests import not_proven, short_digest

_MS_PER_S = 1e3


def compare_recorded(
    sides: Sequence[RecordedSide],
    rules: DecisionRules = DEFAULT_RULES,
) -> Compared:
    """Judge recorded candidates against a recorded base, by exact permutation tests over their repeats.

    The verdicts judge the mean time of each run's judged frames. The figures shown for a side are medians over its
    repeats. Repeats of one side must always have done the same work, even where different sides may differ.

    Args:
        sides: The base first, as returned by `find_sides` or `group_runs`.
        rules: The rules that decide.

    Raises:
        InjectedFaults: A run was recorded with faults, and they are not allowed.
        NotComparable: The runs may not be compared, see `comparability`; one line per reason.
        UsageError: There is no candidate.
    """
    check_recorded_faults((run for side in sides for run in side.runs), rules)
    differences = _check(sides, allow_different_work=rules.allow_different_work)
    base, candidates = sides[0], sides[1:]
    times = {
        Question(side.label, METRIC): RepeatTimes(base_s=_frame_times_s(base), candidate_s=_frame_times_s(side))
        for side in candidates
    }
    comparisons = judge_repeats(times, base=base.label, tolerance=rules.tolerance, alpha=rules.alpha)
    first = base.runs[0].run
    unproven = not_proven_because(run for side in sides for run in side.runs)
    return Compared(
        how="recorded",
        repetitions=_repetitions(sides),
        profile=", ".join(dict.fromkeys(str(run.run.profile.get("name", "?")) for run in _firsts(sides))),
        sides=tuple(_side(side) for side in sides),
        comparisons=comparisons,
        same_work=_work(sides, differences, unproven),
        did_same_work=not differences and unproven is None,
        same_work_not_proven=unproven,
        same_as_base=tuple(side.label for side in candidates if _what_ran(side).is_same(_what_ran(base))),
        tolerance=rules.tolerance,
        alpha=rules.alpha,
        machine=first.machine,
        times=ComparedTimes(frame_ns=tuple(map(_judged_ns, sides)), round_ratios=()),
    )


def check_recorded_faults(runs: Iterable[RecordedRun], rules: DecisionRules) -> None:
    """Refuse runs that were recorded with injected faults, unless the rules allow them.

    Raises:
        InjectedFaults: Runs have faults that are not allowed; one line per run.
    """
    rules.check_faults((str(run.directory), run.run.faults) for run in runs)


def _check(sides: Sequence[RecordedSide], *, allow_different_work: bool) -> tuple[str, ...]:
    """Return the differences in the work of the sides, where they are allowed.

    Each run is compared with the first run of its side, and each side's first run with the base's first run. This is
    enough because equality is transitive.
    """
    refusals: list[NotComparable] = []
    repeats_differ: list[NotComparable] = []
    differences: list[str] = []
    for side in sides:
        for repeat in side.runs[1:]:
            with _collecting(repeats_differ):
                check_repeats(side.runs[0], repeat)
    for side in sides[1:]:
        with _collecting(refusals):
            differences += check_comparable(sides[0].runs[0], side.runs[0], allow_different_work=allow_different_work)
    if repeats_differ:
        # Where repeats of one side differ, a difference between sides says nothing about the sides.
        refusals = repeats_differ
    if refusals:
        lines = dict.fromkeys(line for refusal in refusals for line in refusal.lines)
        # The user is told to allow different work only where that removes every refusal.
        raise NotComparable(*lines, different_work=all(refusal.different_work for refusal in refusals))
    return tuple(differences)


@contextmanager
def _collecting(refusals: list[NotComparable]) -> Iterator[None]:
    try:
        yield
    except NotComparable as error:
        refusals.append(error)


def _what_ran(side: RecordedSide) -> WhatRan:
    run = side.runs[0].run
    return WhatRan(run.code, run.profile, run.mode.used, tuple(stage.workers for stage in run.stages))


def _frame_times_s(side: RecordedSide) -> NDArray[np.float64]:
    return np.array([_value(run, JUDGED) for run in side.runs], np.float64) / _MS_PER_S


def _judged_ns(side: RecordedSide) -> NDArray[np.int64]:
    """Return the wall times of the judged frames of all repeats, `(frames,)`."""
    return np.concatenate([run.frames["wall_ns"][run.frames["warmup"] == 0] for run in side.runs])


def _side(side: RecordedSide) -> ComparedSide:
    first = side.runs[0].run
    return ComparedSide(
        label=side.label,
        mode=first.mode.used,
        traits=first.mode.traits,
        workers=max(stage.workers for stage in first.stages),
        fallback=first.mode.fallback,
        code=first.code,
        faults=first.faults,
        frames=sum(stage.frames - stage.warmup for run in side.runs for stage in run.run.stages),
        frames_per_s=1 / statistics.median(_frame_times_s(side).tolist()),
        repetition_ms=tuple((_frame_times_s(side) * _MS_PER_S).tolist()),
        frame_ms=_statistics(side, "frame_ms"),
        main_phase=first.workload.main_phase,
        main_phase_ms=_statistics(side, first.workload.main_phase.metric),
        effective_cores=_median(side, "cpu.effective_cores"),
        shares=_shares(side),
        gil_enabled=gil_was_enabled(first.machine),
        digest=first.digest,
    )


def _shares(side: RecordedSide) -> tuple[TimeShare, ...]:
    """Return the mean share of each part over the repeats; empty where a repeat has no time shares."""
    known = [run.run.attribution.shares for run in side.runs if run.run.attribution is not None]
    if len(known) < len(side.runs):
        return ()
    return tuple(_mean_share(repeats) for repeats in zip(*known, strict=True))


def _mean_share(repeats: Sequence[TimeShare]) -> TimeShare:
    first = repeats[0]
    told = [each.share for each in repeats if each.share is not None]
    mean = statistics.fmean(told) if len(told) == len(repeats) else None
    return TimeShare(first.part, mean, first.upper_bound)


def _statistics(side: RecordedSide, duration: str) -> dict[str, float | None]:
    return {name: _median(side, f"{duration}.{name}") for name in STATISTICS}


def _median(side: RecordedSide, metric: str) -> float | None:
    """Return the median of a metric over the repeats; None where a repeat has not measured it."""
    values = [_value(run, metric) for run in side.runs]
    measured = [value for value in values if value is not None]
    return statistics.median(measured) if len(measured) == len(values) else None


def _value(recorded: RecordedRun, metric: str) -> float | None:
    return recorded.run.metrics.get(metric)


def _firsts(sides: Sequence[RecordedSide]) -> list[RecordedRun]:
    return [side.runs[0] for side in sides]


def _repetitions(sides: Sequence[RecordedSide]) -> str:
    counts = [len(side.runs) for side in sides]
    if len(set(counts)) == 1:
        return f"{_runs(counts[0])} a side"
    return f"{', '.join(map(str, counts[:-1]))} and {_runs(counts[-1])}"


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _work(sides: Sequence[RecordedSide], differences: Sequence[str], unproven: str | None) -> str:
    if differences:
        return "; ".join(differences)
    if unproven is not None:
        return not_proven(unproven)
    run = sides[0].runs[0].run
    checkpoints = f"{len(run.checkpoints)} checkpoint{'' if len(run.checkpoints) == 1 else 's'}"
    total = sum(len(side.runs) for side in sides)
    return f"the same in all {_runs(total)}: digest {short_digest(str(run.digest))} ({checkpoints})"
