"""The result of a comparison, in words."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import walkerbench
from walkerbench.comparison.speed_up import speed_up_in_words
from walkerbench.recording.code_facts import short_revision
from walkerbench.reports.wording.machine_facts import machine_in_words
from walkerbench.reports.wording.numbers import NOT_MEASURED
from walkerbench.reports.wording.time_shares import PARTS
from walkerbench.system.imported_code import top_level
from walkerbench.workloads.digests import not_proven

_HARNESS = walkerbench.__name__
_UNKNOWN_VERSION = "an unknown revision"

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared, ComparedSide
    from walkerbench.comparison.verdicts import Comparison
    from walkerbench.recording.code_facts import CodeFacts, WorkloadCode
    from walkerbench.slow_frames.attribution import TimeShare


def conclusions(compared: Compared) -> list[str]:
    """Return each candidate's verdict with the figure that decides, a sentence each."""
    return [f"{each.verdict.upper()}: {speed_up_in_words(each)}" for each in compared.comparisons]


def explained(comparison: Comparison, candidate: str, base: str) -> str:
    """Return what was found about a candidate, or what would settle it, in one line.

    Args:
        comparison: Its comparison.
        candidate: How to name the candidate.
        base: How to name the base.
    """
    if comparison.verdict in ("regression", "faster"):
        return f"{speed_up_in_words(comparison, candidate, base)}: {comparison.detail}"
    return f"{candidate}: {comparison.detail}"


def disturbances(compared: Compared, names: Mapping[str, str] | None = None) -> list[str]:
    """Return a line for each candidate whose times over all frames say something else than its speed-up, and why.

    Both figures are right: a few slow rounds change the mean of all frames, but hardly the median over rounds. They
    differ where the speed-up over all frames is outside the interval of the one that decides.

    Args:
        compared: The comparison.
        names: Label → how to name the side; None for the labels.
    """
    return [
        f"{(names or {}).get(side.label, side.label)}: {_disturbance(compared, side, comparison, ratio)}"
        for side, comparison in zip(compared.sides[1:], compared.comparisons, strict=True)
        if (ratio := _ratio_of_all_frames(compared.base, side)) is not None
        and comparison.level
        and not comparison.low <= ratio <= comparison.high
    ]


def _disturbance(compared: Compared, side: ComparedSide, comparison: Comparison, ratio: float) -> str:
    decides = f"{1 / comparison.time_ratio:.3f}"
    if compared.how == "recorded":
        return (
            f"a few runs were disturbed: by the medians of the runs it is {1 / ratio:.3f} times as fast; the verdict "
            f"uses all runs: {decides}"
        )
    of_rounds = [one / other for one, other in zip(side.repetition_ms, compared.base.repetition_ms, strict=True)]
    few = comparison.low <= statistics.median(of_rounds) <= comparison.high
    what = "a few rounds were disturbed" if few else "parts of most rounds were disturbed"
    return (
        f"{what}: over all frames it is {1 / ratio:.3f} times as fast; the verdict uses the median of the rounds: "
        f"{decides}"
    )


def _ratio_of_all_frames(base: ComparedSide, side: ComparedSide) -> float | None:
    """Return a side's mean time ÷ the base's, of the duration that is compared; None where one is not known."""
    means = [each.main_phase_ms if base.main_phase.decides else each.frame_ms for each in (side, base)]
    ours, theirs = (each["mean"] for each in means)
    return ours / theirs if ours and theirs else None


def faults_of_sides(compared: Compared) -> list[str]:
    """Return the injected faults, a line for each side that has any."""
    return [f"FAULTS INJECTED in {side.label}: {side.faults}" for side in compared.sides if side.faults]


def noteworthy(compared: Compared) -> list[str]:
    """Return what a reader must know before any number: equal sides, faults, fallbacks, different work."""
    lines = [
        f"A/A COMPARISON: {label} ran the same code in the same way as {compared.base.label}"
        for label in compared.same_as_base
    ]
    lines += faults_of_sides(compared)
    lines += [f"{side.label} ran as {side.mode}: {side.fallback}" for side in compared.sides if side.fallback]
    lines += work_not_the_same(compared)
    return lines


def work_not_the_same(compared: Compared) -> list[str]:
    """Return a warning that the work was different, or not proven to be the same; no line where it was the same."""
    if compared.did_same_work:
        return []
    if compared.same_work_not_proven is None:
        return [f"DIFFERENT WORK: {compared.same_work}"]
    unproven = compared.same_work.startswith(not_proven(compared.same_work_not_proven))
    different = [] if unproven else [f"DIFFERENT WORK: {compared.same_work}"]
    return [*different, f"SAME WORK NOT PROVEN: {compared.same_work_not_proven}"]


def interval(comparison: Comparison) -> str:
    """Return the interval of the speed-up; a dash where there are too few repetitions for an interval."""
    if not comparison.level:
        return NOT_MEASURED
    return f"{1 / comparison.high:.3f}…{1 / comparison.low:.3f}"


def level(comparison: Comparison) -> str:
    """Return the interval's level in percent, rounded down."""
    if not comparison.level:
        return NOT_MEASURED
    return f"{math.floor(comparison.level * 1000) / 10:.1f} %"


def slowdown(comparison: Comparison) -> str:
    """Return how much longer than the base a candidate takes, in percent with its sign."""
    percent = (comparison.time_ratio - 1) * 100
    return f"{percent:+.1f} %"


def judged_by(compared: Compared) -> str:
    """Return the tests and limits that decided the verdicts, in words."""
    tests = {"sign": "exact sign tests", "permutation": "exact permutation tests"}
    named = dict.fromkeys(tests[comparison.test] for comparison in compared.comparisons)
    family = "family-wise " if len(compared.comparisons) > 1 else ""
    rates = f"tolerance {compared.tolerance * 100:g} %, {family}error rate {compared.alpha * 100:g} %"
    return f"{', '.join(named)}; {rates}"


def facts_of_comparison(compared: Compared) -> dict[str, str]:
    """Return what was measured, how, and where: fact → words."""
    return {
        "profile": compared.profile,
        "code": measured_code(compared),
        "measured": f"{compared.repetitions}, {compared.how}",
        "judged by": judged_by(compared),
        "machine": machine_in_words(compared.machine),
        "work": compared.same_work,
    }


def shares_by_part(compared: Compared) -> list[tuple[str, tuple[TimeShare, ...]]]:
    """Return where the frames' time went: for each part its words, and each side's share; none where it is unknown."""
    if not all(side.shares for side in compared.sides):
        return []
    gil_enabled = any(side.gil_enabled for side in compared.sides)
    blocked = "blocked: GIL, lock, I/O" if gil_enabled else "blocked: lock, I/O (the GIL is off)"
    parts = zip(*(side.shares for side in compared.sides), strict=True)
    return [(PARTS.get(each[0].part, blocked), each) for each in parts]


def measured_code(compared: Compared) -> str:
    """Return which code was measured, the base last.

    For example `mysim at 1a2b3c4d5e against 5d6e7f8a9b, walkerbench 0.2.0 on both`.
    """
    codes = [side.code for side in compared.sides]
    what = " and ".join(dict.fromkeys(_package(code) for code in codes))
    base, *others = dict.fromkeys(_version(code.workload) for code in codes)
    measured = f"{', '.join(others)} against {base}" if others else base
    harness = "" if what == _HARNESS else f", {_HARNESS} {_on_all(codes)}"
    return f"{what} at {measured}{harness}"


def _package(code: CodeFacts) -> str:
    return top_level(code.workload.module or _HARNESS)


def _version(code: WorkloadCode) -> str:
    return short_revision(code.revision, code.changed_files) or code.folder or _UNKNOWN_VERSION


def _on_all(codes: Sequence[CodeFacts]) -> str:
    """Return the version of walkerbench on each side; only once where all sides have the same."""
    versions = dict.fromkeys(code.walkerbench.version for code in codes)
    if len(versions) > 1:
        return " and ".join(versions)
    return f"{next(iter(versions))} on {'both' if len(codes) == 2 else f'all {len(codes)}'}"
