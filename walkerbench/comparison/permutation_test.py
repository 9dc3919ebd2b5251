"""The exact permutation test: is one group of values above, or below, another by more than a limit?

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

from walkerbench.comparison.evidence import LIKELY, Evidence

MOST_REPEATS = 10
"""Repeats a side for which every split is still gone through in about a second."""

MOST_SPLITS = math.comb(2 * MOST_REPEATS, MOST_REPEATS)
"""The same for groups of unequal size, as a number of splits."""

_BATCH = 10_000  # bounds the memory, not the result


def permutation_evidence(
    base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float, error: float
) -> Evidence:
    """Test the shift from one group to another against a limit, and bound it.

    Args:
        base: `(m,)`, at least one.
        candidate: `(n,)`, at least one; `split_count(m, n)` is at most `MOST_SPLITS`.
        limit: What the shift is held against, in the values' unit.
        error: Chance by which each bound may be wrong, below 1/2.

    Returns:
        The evidence; the estimate is the difference of the means, `candidate - base`. Where so few values have no bound
        at this error, the bounds are the outermost of `shifts`.
    """
    fewer, splits = min(len(base), len(candidate)), split_count(len(base), len(candidate))
    needed, rank = repeats_needed(error), math.floor(error * splits)
    outermost = max(rank, 1)
    possible = shifts(base, candidate)
    p_above, p_below = permutation_p_values(base, candidate, limit)
    return Evidence(
        test="permutation",
        repetitions=fewer,
        repetitions_needed=needed,
        repetitions_to_settle=_repeats_to_settle(base, candidate, limit, error, max(needed, fewer + 1)),
        decidable=rank > 0 and fewer > 1,
        estimate=float(candidate.mean() - base.mean()),
        low=float(possible[outermost - 1]),
        high=float(possible[-outermost]),
        level=1 - 2 * outermost / splits,
        p_above=p_above,
        p_below=p_below,
    )


def permutation_p_values(
    base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float
) -> tuple[float, float]:
    """One-sided p-values of a shift against a limit.

    Args:
        base: `(m,)`.
        candidate: `(n,)`.
        limit: In the values' unit.

    Returns:
        The p-value for "above" and that for "below"; 1 for both where a group has a single value, whose scatter
        nobody knows.
    """
    from scipy import stats  # slow to load: only comparisons pay for it

    if min(len(base), len(candidate)) == 1:
        return 1.0, 1.0
    above, below = (
        stats.permutation_test(
            (candidate - limit, base),
            _difference_of_means,
            alternative=alternative,
            n_resamples=math.inf,  # every split, once
            batch=_BATCH,
            vectorized=True,
        ).pvalue
        for alternative in ("greater", "less")
    )
    return float(above), float(below)


def shifts(base: NDArray[np.float64], candidate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every shift at which the test's p-values change: the candidates for its bounds.

    To exchange `k` values of one group for `k` of the other leaves the statistic at least as large as it was exactly
    where the shift taken away is at least the difference of these values' means. So the p-value for "above" a limit is
    the share of splits, the actual one included, whose difference is at most the limit: K. R. Gabriel and W. J. Hall,
    "Rerandomization inference on regression and shift effects", Journal of the American Statistical Association 78,
    1983.

    Args:
        base: `(m,)`.
        candidate: `(n,)`.

    Returns:
        `(splits - 1,)`, ascending, in the values' unit.
    """
    pooled = np.concatenate([base, candidate])
    chosen = _splits(len(base), len(candidate))
    exchanged = np.count_nonzero(chosen < len(base), axis=1)
    given_up = candidate.sum() - pooled[chosen].sum(axis=1)
    others = exchanged > 0
    differences: NDArray[np.float64] = np.sort(given_up[others] / exchanged[others])
    return differences


def split_count(base: int, candidate: int) -> int:
    """Number of ways to split all values into groups of two sizes."""
    return math.comb(base + candidate, candidate)


def repeats_needed(alpha: float, family: int = 1) -> int:
    """Fewest repeats a side with which the test can have a verdict at all.

    Args:
        alpha: Family-wise error rate, between 0 and 1/2.
        family: Number of comparisons decided together; Holm's first step holds the clearest one against
            `alpha / family`.

    Returns:
        The smallest `n` with `1 / C(2n, n) <= alpha / family`, at least 2: 5 for 1 % and one comparison, 6 for three.
    """
    repeats = 2
    while 1 / split_count(repeats, repeats) > alpha / family:
        repeats += 1
    return repeats


def _repeats_to_settle(
    base: NDArray[np.float64], candidate: NDArray[np.float64], limit: float, error: float, at_least: int
) -> int | None:
    """About the fewest repeats a side that likely have a verdict, at the shift and the scatter seen.

    A plan by the normal approximation, `n = 2 (s (z_error + z_likely) / distance)²` with `s` the pooled standard
    deviation: J. M. Lachin, "Introduction to sample size determination and power analysis for clinical trials",
    Controlled Clinical Trials 2, 1981. The verdict then taken is exact all the same.
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
