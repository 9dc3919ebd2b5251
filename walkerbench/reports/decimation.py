"""Fewer values for a drawing, chosen so that no extreme of the whole is lost.

Values are split into buckets, as even as whole numbers allow, and each bucket is represented by real values of its own:
its lowest and highest, or its highest alone. A drawing of them touches every height that a drawing of all would touch.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def bucket_edges(length: int, most: int) -> NDArray[np.intp]:
    """Return where buckets begin and end.

    Args:
        length: How many values.
        most: The most buckets, at least 1.

    Returns:
        `(buckets + 1,)`, ascending from 0 to `length`; no bucket is empty, so no value at all has no bucket.
    """
    buckets = min(length, most)
    return np.arange(buckets + 1, dtype=np.intp) * length // max(buckets, 1)


def highest(values: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Return the position of the highest value of each bucket.

    Args:
        values: `(n,)`, any real dtype. NaN is left aside; a bucket of nothing else gives one.
        most: The most buckets, at least 1.

    Returns:
        `(min(n, most),)`, ascending; the first of equals.
    """
    comparable = np.where(np.isnan(values), -np.inf, values)
    return _best(comparable, most)


def extremes(values: NDArray[Any], most: int) -> NDArray[np.intp]:
    """Return the positions of the lowest and the highest value of each bucket, or all positions if these are fewer.

    Args:
        values: `(n,)`, any real dtype. NaN is left aside; a bucket of nothing else gives one.
        most: The most buckets, at least 1.

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
