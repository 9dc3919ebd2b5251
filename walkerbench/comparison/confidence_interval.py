"""The confidence interval of a comparison, by inversion of the test that decides the comparison.

The interval holds exactly the limits that neither one-sided test rejects at the requested error. So a verdict and its
interval never contradict one another.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.comparison.permutation_test import split_count
from walkerbench.comparison.sign_test import sign_p_value


@dataclass(frozen=True)
class ConfidenceInterval:
    """Bounds of a distance.

    Attributes:
        low: Lower bound, in the unit of the values.
        high: Upper bound.
        level: Probability with which the two bounds hold the distance.
        supported: Whether there are enough values for bounds at the requested error; if not, the bounds are the
            outermost possible ones.
    """

    low: float
    high: float
    level: float
    supported: bool


def median_interval(values: NDArray[np.float64], error: float) -> ConfidenceInterval:
    """Return the interval of a median, by inversion of the sign test.

    W. J. Conover, "Practical Nonparametric Statistics", third edition, 1999, section 3.2.

    Args:
        values: `(n,)`, at least one.
        error: Chance by which each bound may be wrong, below 1/2.
    """
    rounds, ordered = len(values), np.sort(values)
    rank = bound_rank(rounds, error)
    outermost = max(rank, 1)
    return ConfidenceInterval(
        low=float(ordered[outermost - 1]),
        high=float(ordered[-outermost]),
        level=1 - 2 * sign_p_value(rounds - outermost + 1, rounds),
        supported=rank > 0,
    )


def bound_rank(rounds: int, error: float) -> int:
    """Return the rank of the value, counted from 1 at the smallest, that is the median's lower bound.

    The test finds the median above a limit exactly where the value of this rank is above the limit. Then at most
    `rank - 1` values are not above it.

    Args:
        rounds: Number of values, at least one.
        error: Chance by which the bound may be wrong, below 1/2.

    Returns:
        The rank; 0 where there are too few values for a bound.
    """
    from scipy.stats import binom

    return rounds - int(binom.isf(error, rounds, 0.5))


def shift_interval(base: NDArray[np.float64], candidate: NDArray[np.float64], error: float) -> ConfidenceInterval:
    """Return the interval of the shift between two groups, by inversion of the permutation test.

    Args:
        base: `(m,)`, at least one.
        candidate: `(n,)`, at least one.
        error: Chance by which each bound may be wrong, below 1/2.
    """
    splits = split_count(len(base), len(candidate))
    rank = math.floor(error * splits)
    outermost = max(rank, 1)
    possible = shifts(base, candidate)
    return ConfidenceInterval(
        low=float(possible[outermost - 1]),
        high=float(possible[-outermost]),
        level=1 - 2 * outermost / splits,
        supported=rank > 0,
    )


def shifts(base: NDArray[np.float64], candidate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return every shift at which the test's p-values change: the possible bounds.

    Subtract a shift from the candidate's values, then exchange `k` of them for `k` of the base's. The statistic stays
    at least as large as it was exactly where the shift is at least the difference of the exchanged values' means. So
    the p-value for "above" a limit is the share of splits, the actual one included, whose difference is at most the
    limit: K. R. Gabriel and W. J. Hall, "Rerandomization inference on regression and shift effects", Journal of the
    American Statistical Association 78, 1983.

    Args:
        base: `(m,)`.
        candidate: `(n,)`.

    Returns:
        `(splits - 1,)`, ascending, in the values' unit.
    """
    pooled = np.concatenate([base, candidate])
    chosen = _splits(len(base), len(candidate))
    exchanged = np.count_nonzero(chosen < len(base), axis=1)
    summed_differences = candidate.sum() - pooled[chosen].sum(axis=1)
    others = exchanged > 0
    differences: NDArray[np.float64] = np.sort(summed_differences[others] / exchanged[others])
    return differences


def _splits(base: int, candidate: int) -> NDArray[np.intp]:
    """Return `(splits, candidate)`: the indices, among all values, of the second group."""
    every = itertools.combinations(range(base + candidate), candidate)
    return np.fromiter(itertools.chain.from_iterable(every), np.intp).reshape(-1, candidate)
