"""Statistics that describe the frames of one run.

A percentile is the nearest rank: of N sorted values, the one at rank ⌈p · N⌉ (definition 1 of Hyndman and Fan,
"Sample quantiles in statistical packages", The American Statistician 50, 1996). It is always a value that was measured.
It is given only where at least one value in N is expected beyond it, N ≥ ⌈1 / (1 - p)⌉; otherwise it would be
the maximum under another name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PERCENTILES = {"p50": 50, "p95": 95, "p99": 99}
"""Percentiles by their name, in percent."""

STATISTICS = ("mean", "min", "p50", "p95", "p99", "max")
"""Names of the statistics of a duration, in the order in which they are shown."""


def values_needed(statistic: str) -> int:
    """Return how many values a statistic needs to be supported."""
    percent = PERCENTILES.get(statistic)
    return 1 if percent is None else _ceil_ratio(100, 100 - percent)


def percentile(ordered: NDArray[Any], percent: int) -> float | None:
    """Return the nearest-rank percentile.

    Args:
        ordered: `(n,)`, ascending.
        percent: 1 to 99.

    Returns:
        A value of `ordered`, or None where there are too few to support it.
    """
    if len(ordered) < _ceil_ratio(100, 100 - percent):
        return None
    # The rank is computed in whole numbers, because 0.99 * 100 may not be exactly 99.
    return float(ordered[_ceil_ratio(percent * len(ordered), 100) - 1])


def summarise(values: NDArray[Any]) -> dict[str, float | None]:
    """Return every statistic of some values.

    Args:
        values: `(n,)`, any real dtype and unit.

    Returns:
        One entry for each of `STATISTICS`, in the unit of the values; None where `n` does not support it.
    """
    if len(values) == 0:
        return dict.fromkeys(STATISTICS)
    ordered = np.sort(values)
    summary: dict[str, float | None] = {
        "mean": float(ordered.mean()),
        "min": float(ordered[0]),
        "max": float(ordered[-1]),
        **{name: percentile(ordered, percent) for name, percent in PERCENTILES.items()},
    }
    return {name: summary[name] for name in STATISTICS}


def _ceil_ratio(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
