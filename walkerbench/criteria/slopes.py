"""Slopes over the time of a run, with their intervals: whether memory grows, and whether frames become slower.

Frames or samples that follow one another are similar, so they are not independent values. The judged time is therefore
cut into `SLICES` slices of equal duration, and each slice gives one value, its median. The slope is the Theil-Sen
estimate: the median of the slopes between all pairs of slices. Its interval is the inversion of Kendall's rank test of
the slope. `scipy.stats.theilslopes` computes both, as in P. K. Sen, "Estimates of the regression coefficient based on
Kendall's tau", Journal of the American Statistical Association 63, 1968. No distribution is assumed. A few outlying
slices hardly change the slope and its interval; a machine that itself becomes slower during the run changes both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LEAST_S = 600.0
"""How much judged time a slope needs: a shorter run says too little about an hour."""

SLICES = 60
"""How many slices the judged time is cut into."""

FEWEST_SLICES = 30
"""How many of them must hold values."""

LEVEL = 0.99
"""Probability with which the interval holds the slope; each bound is wrong with half of the remaining probability."""

_NS_PER_S = 1e9
_NS_PER_HOUR = 3600e9


@dataclass(frozen=True)
class Slope:
    """A slope and its interval.

    Attributes:
        per_hour: The estimate.
        low: Lower bound of the interval.
        high: Upper bound.
        typical: Median of the slices' values.
    """

    per_hour: float
    low: float
    high: float
    typical: float


def slope_of(times_ns: NDArray[np.int64], values: NDArray[np.float64], span_ns: tuple[int, int]) -> Slope | str:
    """Return how values change in an hour, or why that is not known.

    Args:
        times_ns: `(n,)`, ascending: when each value was taken.
        values: `(n,)`.
        span_ns: Beginning and end of the judged time.

    Returns:
        The slope in the values' unit per hour; or in words why there are too few values for one.
    """
    begin, end = span_ns
    if end - begin < LEAST_S * _NS_PER_S:
        return f"a slope needs {LEAST_S:g} s of judged frames, there are {int((end - begin) / _NS_PER_S)} s"
    edges = np.searchsorted(times_ns, np.linspace(begin, end, SLICES + 1))
    filled = [(number, values[lo:hi]) for number, (lo, hi) in enumerate(pairwise(edges)) if hi > lo]
    if len(filled) < FEWEST_SLICES:
        return f"a slope needs values in {FEWEST_SLICES} of {SLICES} slices of the time, there are {len(filled)}"
    from scipy.stats import theilslopes  # slow to load: only long runs pay for it

    medians = np.array([np.median(each) for _, each in filled])
    hours = np.array([number for number, _ in filled]) * ((end - begin) / SLICES / _NS_PER_HOUR)
    found = theilslopes(medians, hours, LEVEL)
    return Slope(float(found.slope), float(found.low_slope), float(found.high_slope), float(np.median(medians)))
