"""Judges measurements: returns the verdicts on their candidates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from walkerbench.comparison.comparison_result import METRIC, Compared, ComparedSide, ComparedTimes, statistics_ms
from walkerbench.comparison.same_sides import WhatRan
from walkerbench.comparison.verdicts import Comparison, Question, judge_rounds
from walkerbench.interleaved.measurement import Measurement, SideResult
from walkerbench.recording.gil import gil_was_enabled
from walkerbench.slow_frames.attribution import shares


def judge_measurement(measurement: Measurement) -> Compared:
    """Judge every candidate against the base, as one family, by the measurement's rules."""
    return judge_measurements([measurement])[0]


def judge_measurements(measurements: Sequence[Measurement]) -> tuple[Compared, ...]:
    """Judge measurements of the same sides by the same rules, all comparisons as one family."""
    rules, base = measurements[0].rules, measurements[0].base.label
    estimates = {
        Question(side.label, METRIC, str(number)): measurement.estimates(side.label)
        for number, measurement in enumerate(measurements)
        for side in measurement.candidates
    }
    judged = iter(judge_rounds(estimates, base=base, tolerance=rules.tolerance, alpha=rules.alpha))
    return tuple(_compared(each, tuple(islice(judged, len(each.candidates)))) for each in measurements)


def _compared(measurement: Measurement, comparisons: tuple[Comparison, ...]) -> Compared:
    rules = measurement.rules
    return Compared(
        how="interleaved",
        repetitions=str(measurement.plan),
        profile=str(measurement.base.profile["name"]),
        sides=tuple(_side(side, measurement) for side in measurement.sides),
        comparisons=comparisons,
        same_work=measurement.same_work,
        did_same_work=measurement.did_same_work,
        same_work_not_proven=measurement.same_work_not_proven,
        same_as_base=tuple(
            side.label for side in measurement.candidates if _what_ran(side).is_same(_what_ran(measurement.base))
        ),
        tolerance=rules.tolerance,
        alpha=rules.alpha,
        machine=measurement.base.machine,
        times=ComparedTimes(
            frame_ns=tuple(side.wall_ns for side in measurement.sides),
            round_ratios=tuple(np.exp(measurement.estimates(side.label)) for side in measurement.candidates),
        ),
    )


def _what_ran(side: SideResult) -> WhatRan:
    return WhatRan(side.code, side.profile, side.mode_used, (side.workers,))


def _side(side: SideResult, measurement: Measurement) -> ComparedSide:
    gil_enabled = gil_was_enabled(side.machine)
    wait_for_gil = gil_enabled and side.traits.can_wait_for_gil
    return ComparedSide(
        label=side.label,
        mode=side.mode_used,
        traits=side.traits,
        workers=side.workers,
        fallback=side.fallback,
        code=side.code,
        faults=side.faults,
        frames=side.frames,
        frames_per_s=side.frames / side.wall_s,
        repetition_ms=tuple(_means_ms(side.label, measurement)),
        frame_ms=statistics_ms(side.wall_ns),
        main_phase=side.main_phase,
        main_phase_ms=statistics_ms(side.main_phase_ns),
        effective_cores=side.effective_cores,
        shares=shares(side.parts_ns, wait_for_gil=wait_for_gil) if side.parts_ns else (),
        gil_enabled=gil_enabled,
        digest=side.digests[max(side.digests)] if side.digests else None,
    )


def _means_ms(label: str, measurement: Measurement) -> Iterator[float]:
    frames = measurement.plan.blocks * measurement.plan.frames_per_block
    return (sum(each.block_ns[label]) / frames / 1e6 for each in measurement.rounds)
