"""Chooses fewer values for a drawing, and keeps every extreme value.

Values are split into buckets of nearly equal size. The lowest and the highest value of a bucket, or the highest alone,
represent the bucket. A drawing of these values reaches every height that a drawing of all values would reach.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def bucket_edges(length: int, most: int) -> NDArray[np.intp]:
    """Return where buckets begin and end.

    Args:
        length: Number of values.
        most: Largest number of buckets, at least 1.

    Returns:
        `(buckets + 1,)`, ascending from 0 to `length`. No bucket is empty; without values, there is no bucket.
    """
    buckets = min(length, most)
    return np.arange(buckets + 1, dtype=np.intp) * length // max(buckets, 1)


def highest(values: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Return the position of the highest value of each bucket.

    Args:
        values: `(n,)`, any real dtype. NaN is ignored; a bucket that holds only NaN gives the position of a NaN.
        most: Largest number of buckets, at least 1.

    Returns:
        `(min(n, most),)`, ascending; of equal values, the first.
    """
    comparable = np.where(np.isnan(values), -np.inf, values)
    return _best(comparable, most)


def extremes(values: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Return the positions of the lowest and the highest value of each bucket, or all positions if these are fewer.

    Args:
        values: `(n,)`, any real dtype. NaN is ignored; a bucket that holds only NaN gives the position of a NaN.
        most: Largest number of buckets, at least 1.

    Returns:
        `(positions,)`, ascending and without repetition, `positions` ≤ 2 · `most`.
    """
    if len(values) <= 2 * most:
        return np.arange(len(values), dtype=np.intp)
    lowest = _best(np.where(np.isnan(values), -np.inf, -values.astype(np.float64)), most)
    return np.union1d(lowest, highest(values, most))


def _best(comparable: NDArray[Any], most: int) -> NDArray[np.intp]:
    edges = bucket_edges(len(comparable), most).tolist()
    best = [begin + int(comparable[begin:end].argmax()) for begin, end in pairwise(edges)]
    return np.array(best, np.intp)
