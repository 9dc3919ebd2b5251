"""The exact permutation test: is one group of values above, or below, another by more than a limit?

If the groups differ by a shift alone, then after the shift is subtracted every split of all values into groups of these
sizes is equally likely. The statistic is the difference of the groups' means. E. J. G. Pitman, "Significance tests
which may be applied to samples from any populations", Supplement to the Journal of the Royal Statistical Society 4,
1937.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MOST_REPEATS = 10
"""The most repeats per side for which the test still goes through every split in about a second."""

MOST_SPLITS = math.comb(2 * MOST_REPEATS, MOST_REPEATS)
"""The same limit as a number of splits, for groups of unequal sizes."""

_BATCH = 10_000  # bounds the memory, not the result


def permutation_p_values(
    base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float
) -> tuple[float, float]:
    """Return the one-sided p-values of a shift against a limit.

    Args:
        base: `(m,)`.
        candidate: `(n,)`.
        limit: In the values' unit.

    Returns:
        The p-value for "above" and that for "below"; 1 for both where a group has a single value, whose scatter
        is unknown.
    """
    return _p_value(base, candidate, limit, "greater"), p_value_below(base, candidate, limit)


def p_value_below(base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float) -> float:
    """Return only the p-value for "below", see `permutation_p_values`."""
    return _p_value(base, candidate, limit, "less")


def _p_value(
    base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float, alternative: Literal["greater", "less"]
) -> float:
    from scipy import stats  # slow to load: only comparisons pay for it

    if min(len(base), len(candidate)) == 1:
        return 1.0
    found = stats.permutation_test(
        (candidate - limit, base),
        _difference_of_means,
        alternative=alternative,
        n_resamples=math.inf,  # every split, once
        batch=_BATCH,
        vectorized=True,
    )
    return float(found.pvalue)


def split_count(base: int, candidate: int) -> int:
    """Return the number of ways to split all values into groups of two sizes."""
    return math.comb(base + candidate, candidate)


def repeats_needed(alpha: float, family: int = 1) -> int:
    """Return the fewest repeats per side with which the test can lead to a verdict at all.

    Args:
        alpha: Family-wise error rate, between 0 and 1/2.
        family: Number of comparisons decided together; Holm's first step compares the smallest p-value with
            `alpha / family`.

    Returns:
        The smallest `n` with `1 / C(2n, n) <= alpha / family`, at least 2: 5 for 1 % and one comparison, 6 for three.
    """
    repeats = 2
    while 1 / split_count(repeats, repeats) > alpha / family:
        repeats += 1
    return repeats


def repeats_to_settle(
    base: NDArray[np.float64],
    candidate: NDArray[np.float64],
    limit: float,
    error: float,
    likely: float,
    at_least: int,
) -> int | None:
    """Return about how many repeats per side lead to a verdict with the chance `likely`, at the observed scatter.

    The number is the normal approximation, `n = 2 (s (z_error + z_likely) / distance)²` with `s` the pooled standard
    deviation: J. M. Lachin, "Introduction to sample size determination and power analysis for clinical trials",
    Controlled Clinical Trials 2, 1981. The verdict itself stays exact: it uses no approximation.
    """
    freedom = len(base) + len(candidate) - 2
    distance = abs(float(candidate.mean() - base.mean()) - limit)
    if freedom == 0 or distance == 0:
        return None
    variance = (((base - base.mean()) ** 2).sum() + ((candidate - candidate.mean()) ** 2).sum()) / freedom
    quantiles = NormalDist().inv_cdf(1 - error) + NormalDist().inv_cdf(likely)
    wanted = max(at_least, 2 * float(variance) * (quantiles / distance) ** 2)
    return math.ceil(wanted) if wanted <= MOST_REPEATS else None


def _difference_of_means(first: NDArray[Any], second: NDArray[Any], axis: int) -> NDArray[Any]:
    difference: NDArray[Any] = first.mean(axis=axis) - second.mean(axis=axis)
    return difference
