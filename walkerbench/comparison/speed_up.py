"""The figure that decides a comparison, in words: how many times as fast as its base a candidate is."""

from __future__ import annotations

from walkerbench.comparison.verdicts import Comparison

_FAR_FROM_ONE = 0.1  # a figure nearer to 1 needs a third decimal to show its distance from 1


def speed_up_in_words(comparison: Comparison, candidate: str | None = None, base: str | None = None) -> str:
    """Return the speed-up with its interval: `HEAD is 1.77 times as fast as main (1.71…1.80)`.

    Args:
        comparison: The comparison.
        candidate: How to name the candidate; None for its label.
        base: How to name the base; None for its label.

    Returns:
        The sentence without a full stop; without an interval where there are too few repetitions for one.
    """
    ratio = 1 / comparison.time_ratio
    digits = 2 if abs(ratio - 1) >= _FAR_FROM_ONE else 3
    bounds = f" ({1 / comparison.high:.{digits}f}…{1 / comparison.low:.{digits}f})" if comparison.level else ""
    figure = f"{ratio:.{digits}f} times as fast as {base or comparison.base}{bounds}"
    return f"{candidate or comparison.candidate} is {figure}"
