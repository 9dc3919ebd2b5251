from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.criteria.statistics import PERCENTILES, STATISTICS, percentile, summarise, values_needed


def test_statistics_of_1_to_100_equal_those_computed_by_hand() -> None:
    values = np.random.default_rng(1).permutation(np.arange(1, 101))

    assert summarise(values) == {"mean": 50.5, "min": 1.0, "p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
    assert tuple(summarise(values)) == STATISTICS


def test_a_percentile_is_the_nearest_rank_and_never_between_values() -> None:
    assert summarise(np.array([9, 1, 5])) == {"mean": 5.0, "min": 1.0, "p50": 5.0, "p95": None, "p99": None, "max": 9.0}
    assert summarise(np.array([1, 2, 10, 20]))["p50"] == 2.0
    # Rank ceil(0.95 * 21) = ceil(19.95) = 20.
    assert summarise(np.arange(1, 22))["p95"] == 20.0
    # Rank ceil(0.99 * 250) = ceil(247.5) = 248.
    assert summarise(np.arange(1, 251))["p99"] == 248.0


@pytest.mark.parametrize(("statistic", "needed"), [("p50", 2), ("p95", 20), ("p99", 100)])
def test_a_percentile_that_the_values_cannot_support_is_not_given(statistic: str, needed: int) -> None:
    assert values_needed(statistic) == needed
    assert summarise(np.ones(needed - 1))[statistic] is None
    assert summarise(np.ones(needed))[statistic] == 1.0


def test_one_value_supports_mean_min_and_max() -> None:
    assert summarise(np.array([7])) == {"mean": 7.0, "min": 7.0, "p50": None, "p95": None, "p99": None, "max": 7.0}
    assert [values_needed(name) for name in ("mean", "min", "max")] == [1, 1, 1]


def test_without_values_there_is_no_statistic() -> None:
    assert summarise(np.array([], np.int64)) == dict.fromkeys(STATISTICS)


def test_the_order_of_the_values_is_not_changed() -> None:
    values = np.array([3, 1, 2])

    summarise(values)

    assert values.tolist() == [3, 1, 2]


@given(st.lists(st.integers(-50, 50), min_size=100, max_size=300), st.sampled_from(sorted(PERCENTILES.values())))
def test_a_percentile_is_the_smallest_value_of_enough_rank(values: Any, percent: Any) -> None:
    found = percentile(np.sort(values), percent)

    enough = [value for value in values if 100 * sum(other <= value for other in values) >= percent * len(values)]
    assert found == min(enough)
