"""Comparisons: whether a candidate is slower or faster than a base by more than a tolerance, at a known error rate.

The unit is a run, never a frame: the frames of one run share a process, a memory layout and a state of the machine.
Sides measured together, in interleaved rounds, are judged by `judge_rounds` with exact sign tests; sides recorded
before by `judge_repeats` with exact permutation tests. Either way three one-sided tests are made of the logarithm of
the time ratio: for "slower" and "not slower" it is compared with log(1 + tolerance), for "faster" with
-log(1 + tolerance). So a candidate is faster exactly where the base would be slower, if the two were exchanged.

Comparisons that are decided together are a family. Holm's correction keeps the chance of any false verdict of one kind
among them at alpha (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
Statistics 6, 1979). It is made once for each kind, over the tests for "slower", over those for "not slower" and over
those for "faster". So each of three rates is at most alpha:

- false regressions: a regression where the true ratio is at most 1 + tolerance;
- false all-clears: "no regression" or "faster" where the true ratio is at least 1 + tolerance;
- false "faster": where the true ratio is at least 1 / (1 + tolerance).

In one correction over all kinds, sides that are clearly slower would make "no regression" easier to reach for the
others. A candidate that is faster is also not slower: each p-value for "not slower" is at most that for "faster", and
Holm's correction keeps this order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from walkerbench.comparison.decision_rules import ALPHA, TOLERANCE, check_decidable
from walkerbench.comparison.holm_correction import holm
from walkerbench.comparison.p_values_and_interval import Evidence, Test, permutation_evidence, sign_evidence
from walkerbench.comparison.permutation_test import MOST_REPEATS, MOST_SPLITS, repeats_needed, split_count
from walkerbench.comparison.sign_test import MOST_ROUNDS, rounds_needed
from walkerbench.errors import NotComparable, UsageError

__all__ = [
    "Comparison",
    "ComparisonVerdict",
    "Question",
    "RepeatTimes",
    "judge_repeats",
    "judge_rounds",
    "repeats_needed",
    "round_estimate",
    "rounds_needed",
]

ComparisonVerdict = Literal["regression", "no regression", "faster", "inconclusive"]
"""Slower by more than the tolerance; not slower by that much; even faster by more than it; or none could be shown."""

_REPETITION_UNITS: dict[Test, str] = {"sign": "rounds", "permutation": "repeats a side"}
_MOST_REPETITIONS: dict[Test, int] = {"sign": MOST_ROUNDS, "permutation": MOST_REPEATS}


@dataclass(frozen=True)
class Question:
    """One member of a family of comparisons.

    Attributes:
        candidate: Label of the side that is compared with the base.
        metric: Name of the duration that is compared, such as `frame`.
        test: Which of several measurements of the same sides the question is about; empty where there is only one.
    """

    candidate: str
    metric: str
    test: str = ""


class RepeatTimes(NamedTuple):
    """The times of recorded runs that one question compares.

    Attributes:
        base_s: `(m,)`, the mean frame time of each of the base's runs.
        candidate_s: `(n,)`, the same of the candidate's runs.
    """

    base_s: NDArray[np.float64]
    candidate_s: NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """The answer to one question.

    Attributes:
        candidate: Label of the candidate.
        base: Label of the base.
        metric: Name of the duration.
        test: `sign` over rounds, `permutation` over repeats.
        repetitions: Number of rounds; for repeats, the number of the side that has fewer.
        repetitions_needed: The fewest with which this family should be decided.
        time_ratio: Candidate's time ÷ base's time; 1.05 is 5 % slower. The median of the rounds, or the ratio of the
            repeats' geometric means.
        low: Lower bound of the true time ratio, by inversion of the same test at alpha / size of the family.
        high: Upper bound.
        level: Probability with which the bounds hold the true ratio; lower than 1 - 2 alpha / size of the family only
            where there are too few repetitions for that.
        p_slower: Holm's corrected p-value for "slower": the null hypothesis is a true ratio of at most 1 + tolerance.
        p_not_slower: The same for "not slower": the null hypothesis is a true ratio of at least 1 + tolerance.
        p_faster: The same for "faster": the null hypothesis is a true ratio of at least 1 / (1 + tolerance).
        tolerance: The smallest slowdown or speed-up that matters; 0.02 is 2 %.
        alpha: Family-wise error rate of each kind of verdict.
        verdict: The conclusion, in a word.
        repetitions_to_settle: Where inconclusive, how many repetitions would likely settle a new comparison, at the
            observed scatter; None where the number would be too large. The comparison must be new: to add repetitions
            until there is a verdict would give more false verdicts than alpha allows.
        detectable_slowdown: The slowdown (0.05 is 5 %) above which as many repetitions with the same scatter would give
            a regression; None where there are too few repetitions for a regression.
        detail: One line for a reader: what was found, or what would settle it.
    """

    candidate: str
    base: str
    metric: str
    test: Test
    repetitions: int
    repetitions_needed: int
    time_ratio: float
    low: float
    high: float
    level: float
    p_slower: float
    p_not_slower: float
    p_faster: float
    tolerance: float
    alpha: float
    verdict: ComparisonVerdict
    repetitions_to_settle: int | None
    detectable_slowdown: float | None
    detail: str


@dataclass(frozen=True)
class _Rule:
    """The rules of a family; `error` is the chance with which each bound of each comparison may be wrong."""

    base: str
    tolerance: float
    alpha: float
    family: int

    def __post_init__(self) -> None:
        if not self.family:
            raise UsageError("there is nothing to compare: name at least one candidate")
        check_decidable(self.tolerance, self.alpha)

    @property
    def limit(self) -> float:
        return math.log1p(self.tolerance)

    @property
    def error(self) -> float:
        return self.alpha / self.family


class _Corrected(NamedTuple):
    """The corrected p-values of one comparison, as described in `Comparison`."""

    slower: float
    not_slower: float
    faster: float


def round_estimate(base_s: NDArray[Any], candidate_s: NDArray[Any]) -> float:
    """Return a round's estimate of how much longer the candidate takes.

    The estimate is the median, not the mean, so that a block that the machine disturbed does not decide it.

    Args:
        base_s: `(blocks,)`, the base's time for each block of frames, in any one unit.
        candidate_s: `(blocks,)`, the candidate's time for the same blocks, in the same unit.

    Returns:
        The median over blocks of log(candidate / base).

    Raises:
        NotComparable: The sides have different numbers of blocks, no blocks, or a time that is no positive number.
    """
    if np.shape(base_s) != np.shape(candidate_s):
        raise NotComparable(
            f"the base ran {np.size(base_s)} blocks and the candidate {np.size(candidate_s)}: both must run the same"
        )
    return float(np.median(_log_times(candidate_s, "the candidate") - _log_times(base_s, "the base")))


def judge_rounds(
    estimates: Mapping[Question, NDArray[np.float64]], *, base: str, tolerance: float = TOLERANCE, alpha: float = ALPHA
) -> tuple[Comparison, ...]:
    """Judge a family of comparisons by exact sign tests over interleaved rounds.

    Args:
        estimates: For each question `(rounds,)`, the `round_estimate` of every round. The number of rounds must have
            been fixed before the first round.
        base: Label of the base.
        tolerance: The smallest slowdown or speed-up that matters, 0 or more.
        alpha: Family-wise error rate, between 0 and 1/2.

    Returns:
        One comparison for each question, in their order.

    Raises:
        NotComparable: A question has no rounds, or an estimate that is no finite number.
        UsageError: There are no questions, or tolerance or alpha is out of range.
    """
    rule = _Rule(base, tolerance, alpha, len(estimates))
    return _judge(
        {
            question: sign_evidence(_checked_estimates(values, question), rule.limit, rule.error)
            for question, values in estimates.items()
        },
        rule,
    )


def judge_repeats(
    times: Mapping[Question, RepeatTimes], *, base: str, tolerance: float = TOLERANCE, alpha: float = ALPHA
) -> tuple[Comparison, ...]:
    """Judge a family of comparisons by exact permutation tests over recorded runs.

    The statistic is the difference of the means of the logarithms. The test is exact where both sides' times have the
    same distribution except for a factor. A drift of the machine between the sides is such a factor, too: only
    interleaved rounds can distinguish it from a change of the candidate.

    Args:
        times: For each question the runs' mean frame times.
        base: Label of the base.
        tolerance: The smallest slowdown or speed-up that matters, 0 or more.
        alpha: Family-wise error rate, between 0 and 1/2.

    Returns:
        One comparison for each question, in their order.

    Raises:
        NotComparable: A side has no runs, too many for the exact test, or a time that is no positive number.
        UsageError: There are no questions, or tolerance or alpha is out of range.
    """
    rule = _Rule(base, tolerance, alpha, len(times))
    return _judge({question: _repeats_evidence(repeats, question, rule) for question, repeats in times.items()}, rule)


def _repeats_evidence(repeats: RepeatTimes, question: Question, rule: _Rule) -> Evidence:
    base = _log_times(repeats.base_s, f"{rule.base} ({question.metric})")
    candidate = _log_times(repeats.candidate_s, f"{question.candidate} ({question.metric})")
    if split_count(len(base), len(candidate)) > MOST_SPLITS:
        raise NotComparable(
            f"{len(candidate)} runs of {question.candidate} against {len(base)} of {rule.base} are too many for an "
            f"exact test: give at most {MOST_REPEATS} of each"
        )
    return permutation_evidence(base, candidate, rule.limit, rule.error)


def _judge(family: Mapping[Question, Evidence], rule: _Rule) -> tuple[Comparison, ...]:
    p_slower = holm([evidence.p_above for evidence in family.values()])
    p_not_slower = holm([evidence.p_below for evidence in family.values()])
    p_faster = holm([evidence.p_far_below for evidence in family.values()])
    corrected = itertools.starmap(_Corrected, zip(p_slower, p_not_slower, p_faster, strict=True))
    return tuple(
        _compare(question, evidence, p_values, rule)
        for (question, evidence), p_values in zip(family.items(), corrected, strict=True)
    )


def _compare(question: Question, evidence: Evidence, p_values: _Corrected, rule: _Rule) -> Comparison:
    verdict = _verdict(p_values, rule.alpha)
    to_settle = evidence.repetitions_to_settle if verdict == "inconclusive" else None
    return Comparison(
        candidate=question.candidate,
        base=rule.base,
        metric=question.metric,
        test=evidence.test,
        repetitions=evidence.repetitions,
        repetitions_needed=evidence.repetitions_needed,
        time_ratio=math.exp(evidence.estimate),
        low=math.exp(evidence.low),
        high=math.exp(evidence.high),
        level=evidence.level,
        p_slower=p_values.slower,
        p_not_slower=p_values.not_slower,
        p_faster=p_values.faster,
        tolerance=rule.tolerance,
        alpha=rule.alpha,
        verdict=verdict,
        repetitions_to_settle=to_settle,
        detectable_slowdown=_detectable_slowdown(evidence, rule),
        detail=_detail(verdict, evidence, p_values, rule),
    )


def _verdict(p_values: _Corrected, alpha: float) -> ComparisonVerdict:
    # "Slower" excludes the other two: alpha is below 1/2. "Faster" implies "not slower", and says more.
    if p_values.slower <= alpha:
        return "regression"
    if p_values.faster <= alpha:
        return "faster"
    return "no regression" if p_values.not_slower <= alpha else "inconclusive"


def _detectable_slowdown(evidence: Evidence, rule: _Rule) -> float | None:
    """Return the estimated slowdown for which, at the same scatter, the lower bound of the interval is at the limit."""
    if not evidence.decidable:
        return None
    return math.expm1(rule.limit + evidence.estimate - evidence.low)


def _detail(verdict: ComparisonVerdict, evidence: Evidence, p_values: _Corrected, rule: _Rule) -> str:
    if verdict == "regression":
        return f"slower by more than {_percent(rule.tolerance)} (p = {p_values.slower:.2g})"
    if verdict == "faster":
        return f"faster by more than {_percent(rule.tolerance)} (p = {p_values.faster:.2g})"
    if verdict == "no regression":
        return f"not slower by {_percent(rule.tolerance)} or more (p = {p_values.not_slower:.2g})"
    units = _REPETITION_UNITS[evidence.test]
    if evidence.repetitions < evidence.repetitions_needed:
        return (
            f"an error rate of {_percent(rule.alpha)} needs {evidence.repetitions_needed} {units}, "
            f"there are {evidence.repetitions}"
        )
    if evidence.repetitions_to_settle is None:
        settled = f"even {_MOST_REPETITIONS[evidence.test]} {units} would hardly settle it"
    else:
        settled = f"{evidence.repetitions_to_settle} {units} would likely settle it"
    detectable = _detectable_slowdown(evidence, rule)
    if detectable is None:
        return settled
    return f"{settled}; {evidence.repetitions} detect a slowdown above {_percent(detectable)}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _checked_estimates(values: NDArray[np.float64], question: Question) -> NDArray[np.float64]:
    estimates = np.asarray(values, np.float64)
    if estimates.size == 0:
        raise NotComparable(f"{question.candidate} ({question.metric}) has no rounds: measure at least one")
    if not np.isfinite(estimates).all():
        raise NotComparable(
            f"{question.candidate} ({question.metric}) has a round without a finite estimate: measure it again"
        )
    return estimates


def _log_times(values: NDArray[Any], whose: str) -> NDArray[np.float64]:
    times = np.asarray(values, np.float64)
    if times.size == 0:
        raise NotComparable(f"{whose} has no measured times: run it again, with measured frames")
    wrong = times[~(np.isfinite(times) & (times > 0))]
    if wrong.size:
        raise NotComparable(f"{whose} has a time of {wrong[0]:g}, which is no positive number: measure it again")
    return np.log(times)
