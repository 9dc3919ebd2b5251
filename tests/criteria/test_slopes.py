from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from walkerbench.criteria.slopes import FEWEST_SLICES, LEAST_S, LEVEL, SLICES, Slope, slope_of

HOUR_NS = 3_600_000_000_000
TIMES = np.arange(0, HOUR_NS, HOUR_NS // 3600)
SPAN = (0, HOUR_NS)


def slope(values: NDArray[np.float64], times: NDArray[np.int64] = TIMES, span: tuple[int, int] = SPAN) -> Slope:
    found = slope_of(times, values, span)
    assert isinstance(found, Slope)
    return found


def test_a_few_outliers_hardly_change_the_slope() -> None:
    values = TIMES / HOUR_NS * 8.0
    values[100:400] += 1000.0

    assert slope(values).per_hour == pytest.approx(8.0, rel=0.05)
    assert slope(values).low <= 8.0 <= slope(values).high


def test_equal_values_within_a_slice_are_no_more_evidence() -> None:
    """Sixty equal values in each slice are no more evidence than one: the interval stays as wide."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=SLICES)
    once = slope(noise, np.arange(SLICES) * (HOUR_NS // SLICES))
    many = slope(np.repeat(noise, 60), TIMES)

    assert (many.low, many.per_hour, many.high) == (once.low, once.per_hour, once.high)


def test_the_interval_holds_the_slope_with_its_probability() -> None:
    rng = np.random.default_rng(2)
    times = np.arange(SLICES) * (HOUR_NS // SLICES)
    trials, wrong = 400, 0
    for _ in range(trials):
        found = slope(3.0 * times / HOUR_NS + rng.standard_cauchy(SLICES), times)
        wrong += not found.low <= 3.0 <= found.high

    assert wrong <= 12  # expected 4; more than 12 in one of 2,000 repetitions
    assert LEVEL == 0.99


@given(st.lists(st.floats(0, 1e9), min_size=SLICES, max_size=SLICES))
def test_the_estimate_lies_within_its_interval_and_scales(values: Any) -> None:
    times = np.arange(SLICES) * (HOUR_NS // SLICES)
    found = slope(np.array(values), times)

    assert found.low <= found.per_hour <= found.high
    assert slope(np.array(values) * 2.0, times).per_hour == pytest.approx(2 * found.per_hour, rel=1e-9, abs=1e-6)


def test_half_of_the_slices_must_hold_values() -> None:
    half = HOUR_NS // 2
    assert FEWEST_SLICES * 2 == SLICES
    assert isinstance(slope_of(TIMES[half > TIMES], np.zeros(len(TIMES[half > TIMES])), SPAN), Slope)

    less = TIMES[half - HOUR_NS // SLICES > TIMES]
    assert slope_of(less, np.zeros(len(less)), SPAN) == (
        "a slope needs values in 30 of 60 slices of the time, there are 29"
    )


def test_a_time_too_short_has_no_slope() -> None:
    span = (0, int(LEAST_S * 1e9) - 1)
    assert slope_of(TIMES, np.zeros(len(TIMES)), span) == "a slope needs 600 s of judged frames, there are 599 s"
