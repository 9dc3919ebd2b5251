from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.comparison.confidence_interval import shifts
from walkerbench.comparison.p_values_and_interval import permutation_evidence
from walkerbench.comparison.permutation_test import (
    MOST_REPEATS,
    MOST_SPLITS,
    p_value_below,
    permutation_p_values,
    repeats_needed,
    split_count,
)

TWO = np.array([0.0, 1.0]), np.array([2.0, 4.0])
FIVE = np.arange(5.0), np.arange(5.0) + 20.0
WHOLE_NUMBERS = st.lists(st.integers(-9, 9).map(float), min_size=2, max_size=4)


def test_shifts_equal_those_computed_by_hand() -> None:
    # 2 - 1, 2 - 0, then both: (2 + 4) / 2 - (0 + 1) / 2, then 4 - 1, 4 - 0.
    assert shifts(*TWO).tolist() == [1.0, 2.0, 2.5, 3.0, 4.0]


@pytest.mark.parametrize(
    ("limit", "above", "below"), [(0.0, 1 / 6, 1.0), (2.2, 3 / 6, 4 / 6), (2.7, 4 / 6, 3 / 6), (9.0, 1.0, 1 / 6)]
)
def test_p_values_equal_those_computed_by_hand(limit: float, above: float, below: float) -> None:
    assert permutation_p_values(*TWO, limit) == pytest.approx((above, below))


def test_below_alone_equals_below_with_above() -> None:
    assert p_value_below(*TWO, 2.7) == pytest.approx(3 / 6)
    assert p_value_below(TWO[0][:1], TWO[1], 9.0) == 1.0


@given(WHOLE_NUMBERS, WHOLE_NUMBERS, st.integers(-9, 9))
def test_a_p_value_is_the_share_of_splits_up_to_the_limit(base: Any, candidate: Any, whole: Any) -> None:
    # No difference of means of at most four whole numbers ends in .1: no result depends on rounding.
    limit = whole + 0.1
    possible = shifts(np.array(base), np.array(candidate))
    splits = split_count(len(base), len(candidate))

    expected = (1 + np.count_nonzero(possible < limit)) / splits, (1 + np.count_nonzero(possible > limit)) / splits
    assert permutation_p_values(np.array(base), np.array(candidate), limit) == pytest.approx(expected)


@pytest.mark.parametrize(("alpha", "family", "needed"), [(0.01, 1, 5), (0.01, 2, 5), (0.01, 3, 6), (0.05, 1, 3)])
def test_repeats_needed_are_the_fewest_that_reach_alpha(alpha: float, family: int, needed: int) -> None:
    assert repeats_needed(alpha, family) == needed
    assert 1 / split_count(needed, needed) <= alpha / family < 1 / split_count(needed - 1, needed - 1)


def test_evidence_equals_that_computed_by_hand() -> None:
    found = permutation_evidence(*FIVE, 15.9, 0.01)

    # The smallest shift is 20 - 4 = 16: after 15.9 is subtracted, no other of the 252 splits has as large a statistic.
    assert found.p_above == pytest.approx(1 / 252)
    assert found.p_below == 1.0
    # 1 % of 252 splits is 2: the second shift from either end, 20 - 3 and 23 - 0, each wrong in 2 of 252.
    assert found.estimate == 20.0
    assert (found.low, found.high) == (17.0, 23.0)
    assert found.level == pytest.approx(1 - 4 / 252)
    assert (found.repetitions, found.repetitions_needed, found.decidable) == (5, 5, True)


def test_four_repeats_a_side_decide_nothing_at_one_percent() -> None:
    found = permutation_evidence(np.arange(4.0), np.arange(4.0) + 1000, 0.0, 0.01)

    assert found.p_above == pytest.approx(1 / 70)
    assert not found.decidable
    assert found.level == pytest.approx(1 - 2 / 70)
    assert found.repetitions_to_settle == 5


def test_a_single_run_on_one_side_decides_nothing() -> None:
    found = permutation_evidence(np.linspace(0.0, 1.0, 150), np.array([1000.0]), 0.0, 0.01)

    assert (found.p_above, found.p_below, found.decidable) == (1.0, 1.0, False)


def test_one_run_against_one_has_bounds_of_level_0() -> None:
    found = permutation_evidence(np.array([1.0]), np.array([3.0]), 0.0, 0.01)

    assert (found.estimate, found.low, found.high, found.level) == (2.0, 2.0, 2.0, 0.0)
    assert found.repetitions_to_settle is None


@pytest.mark.parametrize(("distance", "settles"), [(0.05, 5), (0.025, 9), (0.02, None)])
def test_repeats_to_settle_equal_those_computed_by_hand(distance: float, settles: int | None) -> None:
    # s² = (0.0002 + 0.0002) / 2; z = 2.3263 + 1.2816; 2 s² z² = 0.0052068, over distance²: 2.1, 8.3, 13.0.
    base = np.array([0.0, 0.02])

    assert permutation_evidence(base, base + 0.3 + distance, 0.3, 0.01).repetitions_to_settle == settles


def test_nothing_is_proposed_for_a_shift_at_the_limit() -> None:
    base = np.array([0.0, 1.0, 2.0])

    assert permutation_evidence(base, base, 0.0, 0.01).repetitions_to_settle is None


def test_every_number_of_repeats_that_is_proposed_is_tested_exactly() -> None:
    assert split_count(MOST_REPEATS, MOST_REPEATS) <= MOST_SPLITS < split_count(MOST_REPEATS + 1, MOST_REPEATS + 1)


@given(WHOLE_NUMBERS, WHOLE_NUMBERS, st.integers(-9, 9), st.sampled_from([0.2, 0.05]))
def test_the_bounds_invert_the_test(base: Any, candidate: Any, whole: Any, error: Any) -> None:
    limit = whole + 0.1
    found = permutation_evidence(np.array(base), np.array(candidate), limit, error)

    if found.decidable:
        assert (found.low > limit) == (found.p_above <= error)
        assert (found.high < limit) == (found.p_below <= error)
        assert found.level >= 1 - 2 * error - 1e-12
    else:
        assert min(found.p_above, found.p_below) > error
