"""The exact permutation test: do the values of two groups differ by more, or by less, than a limit?

If one group is the other, shifted, then with the shift taken away every split of all values into groups of these sizes
was equally likely. The statistic is the difference of the groups' means. E. J. G. Pitman, "Significance tests which
may be applied to samples from any populations", Supplement to the Journal of the Royal Statistical Society 4, 1937.
"""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.verdicts.sign_test import LIKELY

MOST_REPEATS = 10
"""Repeats a side with which every split is still gone through in about a second."""

MOST_SPLITS = math.comb(2 * MOST_REPEATS, MOST_REPEATS)
"""The same for sides of unequal size, as a number of splits."""

_BATCH = 10_000  # bounds the memory, not the result


def permutation_test(base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float) -> tuple[float, float]:
    """One-sided p-values of the shift from one group to another against a limit.

    Args:
        base: `(m,)`, at least one.
        candidate: `(n,)`, at least one; at most `MOST_SPLITS` splits in all.
        limit: What the shift `candidate - base` is held against, in the values' unit.

    Returns:
        The p-value for "above", whose null hypothesis is that the shift is at most the limit, and for "below".
    """
    from scipy import stats  # slow to load: only comparisons pay for it

    above, below = (
        stats.permutation_test(
            (candidate - limit, base),
            _difference_of_means,
            alternative=alternative,
            n_resamples=math.inf,  # every split once
            batch=_BATCH,
            vectorized=True,
        ).pvalue
        for alternative in ("greater", "less")
    )
    return float(above), float(below)


def shifts(base: NDArray[np.float64], candidate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every shift at which the permutation test's p-value changes.

    Exchanging `k` values of one group with `k` of the other leaves the statistic as large as it was exactly where the
    shift taken away is at least the difference of these values' means. So the p-value for "above" a limit is the share
    of splits, the actual one included, whose difference is at most the limit, and the bounds of the shift are values
    of this list: K. R. Gabriel and W. J. Hall, "Rerandomization inference on regression and shift effects", Journal of
    the American Statistical Association 78, 1983.

    Args:
        base: `(m,)`.
        candidate: `(n,)`.

    Returns:
        `(splits - 1,)`, ascending, in the values' unit.
    """
    pooled = np.concatenate([base, candidate])
    chosen = _splits(len(base), len(candidate))
    exchanged = np.count_nonzero(chosen < len(base), axis=1)
    gained = candidate.sum() - pooled[chosen].sum(axis=1)
    moved = exchanged > 0
    differences: NDArray[np.float64] = np.sort(gained[moved] / exchanged[moved])
    return differences


def split_count(base: int, candidate: int) -> int:
    """Number of ways to split all values into groups of two sizes."""
    return math.comb(base + candidate, candidate)


def shift_rank(splits: int, error: float) -> int:
    """The rank, from below, of the one of `shifts` that bounds the shift at a one-sided error.

    Args:
        splits: Number of splits, at least 2.
        error: Largest chance of a wrong bound, below 1/2.

    Returns:
        1 for the smallest, and so on; 0 where so few splits cannot bound it.
    """
    return math.floor(error * splits)


def shift_error(splits: int, rank: int) -> float:
    """Chance that the one of `shifts` at a rank, counted from 1, does not bound the shift."""
    return rank / splits


def repeats_needed(alpha: float, family: int) -> int:
    """Fewest repeats a side with which the test can reach a verdict at all.

    Args:
        alpha: Family-wise error rate, between 0 and 1/2.
        family: Number of comparisons decided together; Holm's first step holds the clearest one against
            `alpha / family`.

    Returns:
        The smallest `n` with `1 / C(2n, n) <= alpha / family`: 5 for 1 % and one comparison, 6 for three.
    """
    repeats = 1
    while 1 / split_count(repeats, repeats) > alpha / family:
        repeats += 1
    return repeats


def repeats_to_settle(
    base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float, error: float, at_least: int
) -> int | None:
    """About how many repeats a side would likely have a verdict, at the shift and the scatter seen.

    A plan by the normal approximation, `n = 2 (s (z_error + z_likely) / distance)²` with `s` the pooled standard
    deviation: J. M. Lachin, "Introduction to sample size determination and power analysis for clinical trials",
    Controlled Clinical Trials 2, 1981. The verdict then taken is exact all the same.

    Args:
        base: `(m,)`.
        candidate: `(n,)`.
        limit: What the shift is held against.
        error: One-sided error of the test.
        at_least: The fewest repeats to propose.

    Returns:
        The fewest that reach a verdict with probability `LIKELY`; None where one value a side says nothing of the
        scatter, or where `MOST_REPEATS` would not do.
    """
    freedom = len(base) + len(candidate) - 2
    distance = abs(float(candidate.mean() - base.mean()) - limit)
    if freedom == 0 or distance == 0:
        return None
    variance = (((base - base.mean()) ** 2).sum() + ((candidate - candidate.mean()) ** 2).sum()) / freedom
    quantiles = NormalDist().inv_cdf(1 - error) + NormalDist().inv_cdf(LIKELY)
    wanted = max(at_least, 2 * float(variance) * (quantiles / distance) ** 2)
    return math.ceil(wanted) if wanted <= MOST_REPEATS else None


def _splits(base: int, candidate: int) -> NDArray[np.intp]:
    """`(splits, candidate)`: the indices, among all values, of the second group."""
    every = itertools.combinations(range(base + candidate), candidate)
    return np.fromiter(itertools.chain.from_iterable(every), np.intp).reshape(-1, candidate)


def _difference_of_means(first: NDArray[Any], second: NDArray[Any], axis: int) -> NDArray[Any]:
    difference: NDArray[Any] = first.mean(axis=axis) - second.mean(axis=axis)
    return difference
