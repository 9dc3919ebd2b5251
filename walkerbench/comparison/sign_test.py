"""The exact sign test: is the median of independent values above, or below, a limit?

Where the median is the limit, a value falls above it with probability 1/2 at most, whatever the values' spread or
shape, so the number above is at worst binomial. W. J. Conover, "Practical Nonparametric Statistics", third edition,
1999, section 3.4 (the test) and 3.2 (the interval). A wild value counts as one, however wild it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from walkerbench.comparison.evidence import LIKELY, Evidence

MOST_ROUNDS = 200
"""No more rounds than this are proposed: a quarter of an hour, at some four seconds a round."""


def sign_evidence(values: NDArray[np.float64], limit: float, error: float) -> Evidence:
    """Test the median of some values against a limit, and bound it.

    A value exactly at the limit supports neither side, yet stays in the count of values: that can only raise a p-value.

    Args:
        values: `(n,)`, at least one.
        limit: What the median is held against, in the values' unit.
        error: Chance by which each bound may be wrong, below 1/2.

    Returns:
        The evidence; the estimate is the sample's median. Where so few values have no bound at this error, the bounds
        are the smallest and the largest value.
    """
    rounds, ordered = len(values), np.sort(values)
    above, below = int(np.count_nonzero(values > limit)), int(np.count_nonzero(values < limit))
    needed, rank = rounds_needed(error), bound_rank(rounds, error)
    outermost = max(rank, 1)
    return Evidence(
        test="sign",
        repetitions=rounds,
        repetitions_needed=needed,
        repetitions_to_settle=_rounds_to_settle(max(above, below) / rounds, error, max(needed, rounds + 1)),
        decidable=rank > 0,
        estimate=float(np.median(values)),
        low=float(ordered[outermost - 1]),
        high=float(ordered[-outermost]),
        level=1 - 2 * sign_p_value(rounds - outermost + 1, rounds),
        p_above=sign_p_value(above, rounds),
        p_below=sign_p_value(below, rounds),
    )


def sign_p_value(successes: int, rounds: int) -> float:
    """Chance of at least that many successes among rounds that each succeed with probability 1/2."""
    from scipy.stats import binomtest  # slow to load: only comparisons pay for it

    return float(binomtest(successes, rounds, 0.5, alternative="greater").pvalue)


def bound_rank(rounds: int, error: float) -> int:
    """The rank of the value, counted from 1 at the smallest, that is the median's lower bound.

    The test finds the median above a limit exactly where this value is: where at most `rank - 1` of them are not.

    Args:
        rounds: Number of values, at least one.
        error: Chance by which the bound may be wrong, below 1/2.

    Returns:
        The rank; 0 where so few values have no bound.
    """
    from scipy.stats import binom

    return rounds - int(binom.isf(error, rounds, 0.5))


def rounds_needed(alpha: float, family: int = 1) -> int:
    """Fewest rounds that have a verdict although one of them disagrees.

    With fewer, the verdict hangs on every single round, and now and then one is far off.

    Args:
        alpha: Family-wise error rate, between 0 and 1/2.
        family: Number of comparisons decided together; Holm's first step holds the clearest one against
            `alpha / family`.

    Returns:
        The smallest `n` with `(n + 1) / 2**n <= alpha / family`: 11 for 1 % and one comparison.
    """
    rounds = 2
    while (rounds + 1) / 2**rounds > alpha / family:
        rounds += 1
    return rounds


def _rounds_to_settle(agreeing: float, error: float, at_least: int) -> int | None:
    """Fewest rounds that likely have a verdict, if each agrees with it by the chance `agreeing`."""
    from scipy.stats import binom

    rounds = np.arange(at_least, MOST_ROUNDS + 1)
    # A verdict takes more agreeing rounds than the upper quantile of what chance gives.
    enough = rounds[binom.sf(binom.isf(error, rounds, 0.5), rounds, agreeing) >= LIKELY]
    return int(enough[0]) if enough.size else None
