"""The result of a comparison, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from walkerbench.recording.code_facts import short_revision
from walkerbench.reports.wording.numbers import NOT_MEASURED
from walkerbench.workloads.digests import not_proven

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared, ComparedSide
    from walkerbench.comparison.verdicts import Comparison


def conclusion(compared: Compared) -> str:
    """Return the result of the comparisons, in a sentence."""
    found: dict[str, list[str]] = {}
    for comparison in compared.comparisons:
        found.setdefault(comparison.verdict, []).append(comparison.candidate)
    return "; ".join(f"{verdict.upper()}: {', '.join(names)}" for verdict, names in found.items())


def faults_of_sides(compared: Compared) -> list[str]:
    """Return what was injected on purpose, a line for each side that has faults."""
    return [f"FAULTS INJECTED in {side.label}: {side.faults}" for side in compared.sides if side.faults]


def noteworthy(compared: Compared) -> list[str]:
    """Return what a reader must know beside any number: equal sides, faults, fallbacks, different work."""
    lines = [
        f"A/A COMPARISON: {label} ran the same code in the same way as {compared.base.label}"
        for label in compared.same_as_base
    ]
    lines += faults_of_sides(compared)
    lines += [f"{side.label} ran as {side.mode}: {side.fallback}" for side in compared.sides if side.fallback]
    lines += work_not_the_same(compared)
    return lines


def work_not_the_same(compared: Compared) -> list[str]:
    """Return that the sides did different work, or that nothing proves that it was the same; nothing where it was."""
    if compared.did_same_work:
        return []
    if compared.same_work_not_proven is None:
        return [f"DIFFERENT WORK: {compared.same_work}"]
    unproven = compared.same_work.startswith(not_proven(compared.same_work_not_proven))
    different = [] if unproven else [f"DIFFERENT WORK: {compared.same_work}"]
    return [*different, f"SAME WORK NOT PROVEN: {compared.same_work_not_proven}"]


def interval(comparison: Comparison) -> str:
    """Return the interval of the speed-up; a dash where there are too few repetitions for any."""
    if not comparison.level:
        return NOT_MEASURED
    return f"{1 / comparison.high:.3f}…{1 / comparison.low:.3f}"


def level(comparison: Comparison) -> str:
    """Return the interval's level in percent, never more than it is."""
    if not comparison.level:
        return NOT_MEASURED
    return f"{math.floor(comparison.level * 1000) / 10:.1f} %"


def slowdown(comparison: Comparison) -> str:
    """Return how much longer than the base a candidate takes, in percent with its sign."""
    percent = (comparison.time_ratio - 1) * 100
    return f"{percent:+.1f} %"


def judged_by(compared: Compared) -> str:
    """Return in words by which tests and limits the verdicts were found."""
    tests = {"sign": "exact sign tests", "permutation": "exact permutation tests"}
    named = dict.fromkeys(tests[comparison.test] for comparison in compared.comparisons)
    family = "family-wise " if len(compared.comparisons) > 1 else ""
    rates = f"tolerance {compared.tolerance * 100:g} %, {family}error rate {compared.alpha * 100:g} %"
    return f"{', '.join(named)}; {rates}"


def code_of(side: ComparedSide) -> str | None:
    """Return a side's revision in short, with a word where files differ from it, or else the folder of its code."""
    code = side.code.workload
    return short_revision(code.revision, code.changed_files) or code.folder
