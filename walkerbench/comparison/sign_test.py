"""The exact sign test: is the median of independent values above, or below, a limit?

Where the median is the limit, a value falls above it with probability 1/2 at most, whatever the values' spread or
shape, so the number above is at worst binomial. W. J. Conover, "Practical Nonparametric Statistics", third edition,
1999, section 3.4 (the test) and 3.2 (the interval). A wild value counts as one, however wild it is.
"""

from __future__ import annotations

import numpy as np

MOST_ROUNDS = 200
"""No more rounds than this are proposed: a quarter of an hour, at some four seconds a round."""


def sign_p_value(successes: int, rounds: int) -> float:
    """Return the chance of at least that many successes among rounds that each succeed with probability 1/2."""
    from scipy.stats import binomtest  # slow to load: only comparisons pay for it

    return float(binomtest(successes, rounds, 0.5, alternative="greater").pvalue)


def rounds_needed(alpha: float, family: int = 1) -> int:
    """Return the fewest rounds that have a verdict although one of them disagrees.

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


def rounds_to_settle(agreeing: float, error: float, likely: float, at_least: int) -> int | None:
    """Return the fewest rounds that have a verdict by the chance `likely`.

    Args:
        agreeing: Chance by which a round agrees with the verdict.
        error: Chance by which the verdict may be wrong.
        likely: The chance wanted.
        at_least: No fewer than these.

    Returns:
        The rounds; None where more than `MOST_ROUNDS` would be needed.
    """
    from scipy.stats import binom

    rounds = np.arange(at_least, MOST_ROUNDS + 1)
    # A verdict takes more agreeing rounds than the upper quantile of what chance gives.
    enough = rounds[binom.sf(binom.isf(error, rounds, 0.5), rounds, agreeing) >= likely]
    return int(enough[0]) if enough.size else None
