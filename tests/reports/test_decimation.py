from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from walkerbench.reports.decimation import bucket_edges, extremes, highest

FINITE = st.floats(-1e12, 1e12)
SERIES = st.integers(0, 300).flatmap(lambda length: arrays(np.float64, length, elements=st.just(np.nan) | FINITE))
MOST = st.integers(1, 40)


@given(length=st.integers(0, 10_000), most=MOST)
def test_buckets_cover_all_values_evenly(length: Any, most: Any) -> None:
    edges = bucket_edges(length, most)
    sizes = np.diff(edges)
    assert (edges[0], edges[-1]) == (0, length)
    assert len(sizes) == min(length, most)
    assert len(sizes) == 0 or (sizes.min() >= 1 and sizes.max() - sizes.min() <= 1)


@given(values=SERIES, most=MOST)
def test_every_extreme_of_every_bucket_is_kept(values: Any, most: Any) -> None:
    kept = extremes(values, most)
    assert len(kept) <= 2 * most
    assert (np.diff(kept) > 0).all()
    for begin, end in pairwise(bucket_edges(len(values), most).tolist()):
        bucket = values[begin:end]
        survivors = values[kept[(kept >= begin) & (kept < end)]]
        assert len(survivors)
        if not np.isnan(bucket).all():
            assert np.nanmax(survivors) == np.nanmax(bucket)
            assert np.nanmin(survivors) == np.nanmin(bucket)


@given(values=SERIES, most=MOST)
def test_the_highest_value_of_each_bucket_is_chosen(values: Any, most: Any) -> None:
    edges = bucket_edges(len(values), most).tolist()
    found = highest(values, most).tolist()
    assert len(found) == len(edges) - 1
    for position, (begin, end) in zip(found, pairwise(edges), strict=True):
        assert begin <= position < end
        assert np.isnan(values[begin:end]).all() or values[position] == np.nanmax(values[begin:end])


def test_positions_equal_values_by_hand() -> None:
    values = np.array([3, 1, 2, 9, 9, 0, 5])
    assert bucket_edges(7, 2).tolist() == [0, 3, 7]
    assert highest(values, 2).tolist() == [0, 3]
    assert extremes(values, 2).tolist() == [0, 1, 3, 5]
    assert extremes(values, 4).tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_one_spike_in_a_million_values_is_kept() -> None:
    values = np.ones(1_000_000, np.int64)
    values[[123_456, 777_777]] = 2, 0
    kept = extremes(values, 1000)
    assert {123_456, 777_777} <= set(kept.tolist())
    assert len(kept) <= 2000
