"""Estimates from real rounds how often a rule makes each decision; without side effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

from walkerbench.comparison.decision_rules import ALPHA, TOLERANCE
from walkerbench.comparison.verdicts import Question, judge_rounds

_ABOVE, _FAR_BELOW = 1.0, -1.0
"""Estimates above log(1 + tolerance), and below its negative."""

LEVEL = 0.95
"""Confidence level of every interval in this module."""


@dataclass(frozen=True)
class Rate:
    """How often a decision is made, with an interval of this rate at `LEVEL`."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value * 100:5.1f} % ({self.low * 100:.1f}…{self.high * 100:.1f})"


def verdict_rates(estimates: NDArray[np.float64], rounds: int) -> dict[str, Rate]:
    """Return how often decisions with so many rounds have each verdict.

    The sign test looks at nothing but how many rounds lie above log(1 + tolerance) and, for "faster", how many lie
    below its negative. What recorded rounds tell is the chance p of one that does, with Clopper and Pearson's interval;
    a decision is then a draw of `rounds` from a binomial distribution. So the interval rests on the rounds recorded,
    however often one might draw from them.

    Args:
        estimates: `(recorded,)` of single rounds.
        rounds: Of a decision.

    Returns:
        `regression`, `inconclusive`, `not slower` (the verdicts "no regression" and "faster" together) and `faster` →
        rate.
    """
    limit = np.log1p(TOLERANCE)
    counts = range(rounds + 1)
    of_slower = [_verdict(count, rounds, _ABOVE) for count in counts]
    of_faster = [_verdict(count, rounds, _FAR_BELOW) for count in counts]
    slower, faster = estimates > limit, estimates < -limit
    return {
        "regression": _rate(slower, [each == "regression" for each in of_slower]),
        "inconclusive": _rate(slower, [each == "inconclusive" for each in of_slower]),
        "not slower": _rate(slower, [each in ("no regression", "faster") for each in of_slower]),
        "faster": _rate(faster, [each == "faster" for each in of_faster]),
    }


def _rate(recorded: NDArray[np.bool_], leads_to_it: Sequence[bool]) -> Rate:
    """Return how often a decision is made that depends only on how many of its rounds are of one kind.

    Args:
        recorded: `(recorded,)`, whether each recorded round is of that kind.
        leads_to_it: For each number of such rounds, from 0 to all, whether it leads to the decision.
    """
    share = binomtest(int(recorded.sum()), len(recorded))
    interval = share.proportion_ci(LEVEL, method="exact")
    # The rate may not be monotone in p: so its extremes are searched in the whole interval, not at its ends.
    chances = np.array([share.statistic, *np.linspace(interval.low, interval.high, 2001)])
    weights = binom.pmf(np.arange(len(leads_to_it)), len(leads_to_it) - 1, chances[:, None])
    found = weights[:, np.array(leads_to_it)].sum(axis=1)
    return Rate(float(found[0]), float(found[1:].min()), float(found[1:].max()))


def threshold_rate(
    base: Sequence[NDArray[np.float64]],
    candidate: Sequence[NDArray[np.float64]],
    statistic: Callable[[NDArray[np.float64]], float],
    threshold: float,
) -> Rate:
    """Return how often pytest-benchmark's rule fails: a statistic of the candidate exceeds the base's by a threshold.

    A base is recorded before the candidate that it is compared with, so each round's base meets the next one's
    candidate.

    Args:
        base: `(blocks,)` times of every round.
        candidate: Likewise.
        statistic: Of a round's blocks.
        threshold: As a part of 1.
    """
    pairs = zip(base[:-1], candidate[1:], strict=True)
    failed = sum(statistic(new) > statistic(old) * (1 + threshold) for old, new in pairs)
    found = binomtest(int(failed), len(base) - 1)
    interval = found.proportion_ci(LEVEL, method="exact")
    return Rate(found.statistic, interval.low, interval.high)


def _verdict(count: int, rounds: int, estimate: float) -> str:
    """Return the verdict where so many rounds have an estimate, and the others have 0."""
    estimates = np.where(np.arange(rounds) < count, estimate, 0.0)
    (comparison,) = judge_rounds({Question("candidate", "frame"): estimates}, base="base", alpha=ALPHA)
    return comparison.verdict
