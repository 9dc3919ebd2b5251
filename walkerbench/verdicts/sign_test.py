"""The exact sign test: is the median of independent values above, or below, a limit?

Where the median is the limit, each value falls above it with probability 1/2 at most, whatever the values' spread or
shape, so the number above is at worst binomial. W. J. Conover, "Practical Nonparametric Statistics", third edition,
1999, section 3.4 (test) and 3.2 (interval of a quantile). A single wild value counts as one, however wild it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LIKELY = 0.9
"""Chance of a verdict from which on a number of rounds is said to settle a comparison."""

MOST_ROUNDS = 200
"""No more rounds than this are proposed: a quarter of an hour, at some four seconds a round."""


def sign_test(values: NDArray[np.float64], limit: float) -> tuple[float, float]:
    """One-sided p-values of the values' median against a limit.

    A value exactly at the limit supports neither side, yet stays in the count of values: this can only raise a p-value.

    Args:
        values: `(n,)`, at least one, in the limit's unit.
        limit: What the median is held against.

    Returns:
        The p-value for "above", whose null hypothesis is that the median is at most the limit, and for "below".
    """
    above, below = int(np.count_nonzero(values > limit)), int(np.count_nonzero(values < limit))
    return sign_p_value(above, len(values)), sign_p_value(below, len(values))


def sign_p_value(successes: int, rounds: int) -> float:
    """Chance of at least that many successes among rounds that each succeed with probability 1/2."""
    from scipy.stats import binomtest  # slow to load: only comparisons pay for it

    return float(binomtest(successes, rounds, 0.5, alternative="greater").pvalue)


def sign_rank(rounds: int, error: float) -> int:
    """The rank, from below, of the value that bounds the median at a one-sided error.

    The median is above `limit` by the sign test at this error exactly where the value of this rank is.

    Args:
        rounds: Number of values, at least one.
        error: Largest chance of a wrong bound, below 1/2.

    Returns:
        1 for the smallest value, and so on; 0 where so few values cannot bound it.
    """
    return int(np.count_nonzero(_tails(rounds) <= error))


def sign_error(rounds: int, rank: int) -> float:
    """Chance that the value of a rank, counted from 1, does not bound the median."""
    return float(_tails(rounds)[rank - 1])


def rounds_needed(alpha: float, family: int) -> int:
    """Fewest rounds that can be decided although one of them disagrees.

    With fewer a verdict would hang on every single round, and now and then one is off.

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


def rounds_to_settle(values: NDArray[np.float64], limit: float, error: float, at_least: int) -> int | None:
    """How many rounds would likely have a verdict, were each as likely to be above the limit as these were.

    Args:
        values: `(n,)`, the rounds seen.
        limit: What their median is held against.
        error: One-sided error of the test.
        at_least: The fewest rounds to propose.

    Returns:
        The fewest that reach a verdict with probability `LIKELY`; None where `MOST_ROUNDS` do not.
    """
    from scipy.stats import binom

    agreeing = max(np.count_nonzero(values > limit), np.count_nonzero(values < limit)) / len(values)
    for rounds in range(at_least, MOST_ROUNDS + 1):
        if binom.sf(rounds - sign_rank(rounds, error), rounds, agreeing) >= LIKELY:
            return rounds
    return None


def _tails(rounds: int) -> NDArray[Any]:
    """`(rounds,)`: chance of at most 0, 1, … successes among rounds that each succeed with probability 1/2."""
    from scipy.stats import binom

    tails: NDArray[Any] = binom.cdf(np.arange(rounds), rounds, 0.5)
    return tails
