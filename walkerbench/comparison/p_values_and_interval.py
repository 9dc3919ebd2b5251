"""The p-values and the confidence interval of one candidate against its base, before a family is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from walkerbench.comparison.confidence_interval import median_interval, shift_interval
from walkerbench.comparison.permutation_test import (
    p_value_below,
    permutation_p_values,
    repeats_needed,
    repeats_to_settle,
)
from walkerbench.comparison.sign_test import rounds_needed, rounds_to_settle, sign_p_value

Test = Literal["sign", "permutation"]
"""The test: `sign` over rounds that were measured together, `permutation` over repeats that were recorded before."""

LIKELY = 0.9
"""A number of repetitions is said to settle a comparison where the chance of a verdict is at least this."""


@dataclass(frozen=True)
class Evidence:
    """What a test says about the distance of a candidate from its base.

    Attributes:
        test: The test.
        repetitions: Number of rounds; for repeats, the number of the side that has fewer.
        repetitions_needed: The fewest with which the test should decide.
        repetitions_to_settle: The smallest greater number that would likely lead to a verdict at the observed scatter;
            None where that number would be too large.
        decidable: Whether this number of repetitions can lead to a verdict at all.
        estimate: Estimate of the distance, in the unit of the values tested.
        low: Lower bound of the distance, by inversion of the test.
        high: Upper bound.
        level: Probability with which the two bounds hold the distance.
        p_above: One-sided p-value; the null hypothesis is that the distance is at most the limit.
        p_below: One-sided p-value; the null hypothesis is that the distance is at least the limit.
        p_far_below: One-sided p-value; the null hypothesis is that the distance is at least minus the limit.
    """

    test: Test
    repetitions: int
    repetitions_needed: int
    repetitions_to_settle: int | None
    decidable: bool
    estimate: float
    low: float
    high: float
    level: float
    p_above: float
    p_below: float
    p_far_below: float


def sign_evidence(values: NDArray[np.float64], limit: float, error: float) -> Evidence:
    """Test the median of values against a limit and against minus the limit, and compute the median's interval.

    A value exactly at the limit supports neither verdict, and is still counted: that can only raise a p-value.

    Args:
        values: `(n,)`, at least one.
        limit: What the median is compared with, in the values' unit; 0 or more.
        error: Chance by which each bound may be wrong, below 1/2.

    Returns:
        The evidence; the estimate is the sample's median. Where there are too few values for bounds at this error, the
        bounds are the smallest and the largest value.
    """
    rounds, needed = len(values), rounds_needed(error)
    above, below = int(np.count_nonzero(values > limit)), int(np.count_nonzero(values < limit))
    interval = median_interval(values, error)
    return Evidence(
        test="sign",
        repetitions=rounds,
        repetitions_needed=needed,
        repetitions_to_settle=rounds_to_settle(max(above, below) / rounds, error, LIKELY, max(needed, rounds + 1)),
        decidable=interval.supported,
        estimate=float(np.median(values)),
        low=interval.low,
        high=interval.high,
        level=interval.level,
        p_above=sign_p_value(above, rounds),
        p_below=sign_p_value(below, rounds),
        p_far_below=sign_p_value(int(np.count_nonzero(values < -limit)), rounds),
    )


def permutation_evidence(
    base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float, error: float
) -> Evidence:
    """Test the shift from one group to another against a limit and minus the limit, and compute the shift's interval.

    Args:
        base: `(m,)`, at least one.
        candidate: `(n,)`, at least one; `split_count(m, n)` is at most `MOST_SPLITS`.
        limit: What the shift is compared with, in the values' unit; 0 or more.
        error: Chance by which each bound may be wrong, below 1/2.

    Returns:
        The evidence; the estimate is the difference of the means, `candidate - base`. Where there are too few values
        for bounds at this error, the bounds are the outermost of `shifts`.
    """
    fewer, needed = min(len(base), len(candidate)), repeats_needed(error)
    interval = shift_interval(base, candidate, error)
    p_above, p_below = permutation_p_values(base, candidate, limit)
    return Evidence(
        test="permutation",
        repetitions=fewer,
        repetitions_needed=needed,
        repetitions_to_settle=repeats_to_settle(base, candidate, limit, error, LIKELY, max(needed, fewer + 1)),
        decidable=interval.supported and fewer > 1,
        estimate=float(candidate.mean() - base.mean()),
        low=interval.low,
        high=interval.high,
        level=interval.level,
        p_above=p_above,
        p_below=p_below,
        p_far_below=p_value_below(base, candidate, -limit),
    )
