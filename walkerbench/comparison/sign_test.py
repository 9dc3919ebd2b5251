"""The exact sign test: is the median of independent values above, or below, a limit?

Where the median is the limit, a value lies above it with probability 1/2 at most, whatever the distribution of the
values. So the binomial distribution bounds how many values lie above. W. J. Conover, "Practical Nonparametric
Statistics", third edition, 1999, section 3.4 (the test) and 3.2 (the interval). An outlier counts as one value, however
far out it lies.
"""

from __future__ import annotations

import numpy as np

MOST_ROUNDS = 200
"""No more rounds than this are proposed: a quarter of an hour, at about four seconds per round."""


def sign_p_value(successes: int, rounds: int) -> float:
    """Return the chance of at least that many successes among rounds that each succeed with probability 1/2."""
    from scipy.stats import binomtest  # slow to load: only comparisons pay for it

    return float(binomtest(successes, rounds, 0.5, alternative="greater").pvalue)


def rounds_needed(alpha: float, family: int = 1) -> int:
    """Return the fewest rounds that lead to a verdict although one of them disagrees.

    With fewer, one outlying round would prevent the verdict, and such rounds occur now and then.

    Args:
        alpha: Family-wise error rate, between 0 and 1/2.
        family: Number of comparisons decided together; Holm's first step compares the smallest p-value with
            `alpha / family`.

    Returns:
        The smallest `n` with `(n + 1) / 2**n <= alpha / family`: 11 for 1 % and one comparison.
    """
    rounds = 2
    while (rounds + 1) / 2**rounds > alpha / family:
        rounds += 1
    return rounds


def rounds_to_settle(agreeing: float, error: float, likely: float, at_least: int) -> int | None:
    """Return the fewest rounds that lead to a verdict with the chance `likely`.

    Args:
        agreeing: Chance by which a round agrees with the verdict.
        error: Chance by which the verdict may be wrong.
        likely: The wanted chance of a verdict.
        at_least: The smallest number that may be returned.

    Returns:
        The rounds; None where more than `MOST_ROUNDS` would be needed.
    """
    from scipy.stats import binom

    rounds = np.arange(at_least, MOST_ROUNDS + 1)
    # A verdict takes more agreeing rounds than the upper quantile of the binomial distribution at 1/2.
    enough = rounds[binom.sf(binom.isf(error, rounds, 0.5), rounds, agreeing) >= likely]
    return int(enough[0]) if enough.size else None
