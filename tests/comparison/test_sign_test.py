from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.comparison.confidence_interval import bound_rank
from walkerbench.comparison.p_values_and_interval import sign_evidence
from walkerbench.comparison.sign_test import MOST_ROUNDS, rounds_needed, sign_p_value


def at_least(successes: Any, rounds: int, chance: Any) -> Any:
    """Return the chance of at least that many successes, summed term by term."""
    return sum(
        math.comb(rounds, count) * chance**count * (1 - chance) ** (rounds - count)
        for count in range(successes, rounds + 1)
    )


@pytest.mark.parametrize(
    ("successes", "rounds", "p_value"),
    [
        (11, 11, 1 / 2048),
        (10, 11, 12 / 2048),
        (9, 11, 67 / 2048),
        (0, 11, 1.0),
        (7, 7, 1 / 128),
        (1, 1, 0.5),
    ],
)
def test_p_values_equal_those_computed_by_hand(successes: int, rounds: int, p_value: float) -> None:
    assert sign_p_value(successes, rounds) == pytest.approx(p_value, rel=1e-12)


@pytest.mark.parametrize(
    ("rounds", "rank"),
    [
        (1, 0),
        (6, 0),  # 1/64 is 1.6 %
        (7, 1),  # 1/128
        (10, 1),  # 11/1024 is 1.07 %
        (11, 2),  # 12/2048
        (20, 5),  # 6,196 of 2**20 is 0.6 %; with the next rank 21,700, 2.1 %
    ],
)
def test_ranks_of_bounds_equal_those_computed_by_hand(rounds: int, rank: int) -> None:
    assert bound_rank(rounds, 0.01) == rank


@pytest.mark.parametrize(("alpha", "family", "needed"), [(0.01, 1, 11), (0.01, 2, 12), (0.01, 3, 12), (0.05, 1, 8)])
def test_rounds_needed_are_the_fewest_that_reach_alpha(alpha: float, family: int, needed: int) -> None:
    assert rounds_needed(alpha, family) == needed
    assert sign_p_value(needed - 1, needed) <= alpha / family < sign_p_value(needed - 2, needed - 1)


def test_evidence_equals_that_computed_by_hand() -> None:
    found = sign_evidence(np.array([3.0, 1.0, 11.0, 2.0, 10.0, 4.0, 9.0, 5.0, 8.0, 6.0, 7.0]), 1.5, 0.01)

    assert (found.p_above, found.p_below) == pytest.approx((12 / 2048, 2047 / 2048))
    assert (found.estimate, found.low, found.high) == (6.0, 2.0, 10.0)
    assert found.level == pytest.approx(1 - 24 / 2048)
    assert (found.repetitions, found.repetitions_needed, found.decidable) == (11, 11, True)


def test_the_median_of_an_even_number_of_rounds_lies_between_two() -> None:
    assert sign_evidence(np.array([1.0, 2.0, 4.0, 8.0]), 0.0, 0.01).estimate == 3.0


def test_values_at_the_limit_support_neither_side_and_still_count() -> None:
    found = sign_evidence(np.array([0.0] * 2 + [1.0] * 9), 0.0, 0.01)

    assert (found.p_above, found.p_below) == pytest.approx((67 / 2048, 1.0))


def test_too_few_values_have_the_outermost_as_bounds() -> None:
    found = sign_evidence(np.array([2.0, 1.0, 3.0]), 0.0, 0.01)

    assert (found.low, found.high, found.decidable) == (1.0, 3.0, False)
    assert found.level == pytest.approx(1 - 2 / 8)
    assert sign_evidence(np.array([5.0]), 0.0, 0.01).level == 0.0


def test_an_outlier_changes_neither_the_test_nor_the_bounds() -> None:
    values, with_outlier = np.arange(1.0, 12.0), np.arange(1.0, 12.0)
    with_outlier[-1] = 1e9

    assert sign_evidence(with_outlier, 1.5, 0.01) == sign_evidence(values, 1.5, 0.01)


@pytest.mark.parametrize(("above", "below"), [(8, 3), (9, 2), (2, 9), (8, 2)])
def test_rounds_to_settle_are_the_fewest_that_likely_decide(above: int, below: int) -> None:
    ties = 11 - above - below
    found = sign_evidence(np.array([1.0] * above + [-1.0] * below + [0.0] * ties), 0.0, 0.01)

    agreeing = max(above, below) / 11
    likely = [
        rounds
        for rounds in range(12, MOST_ROUNDS + 1)
        if at_least(rounds - bound_rank(rounds, 0.01) + 1, rounds, agreeing) >= 0.9
    ]
    assert found.repetitions_to_settle == likely[0]


def test_too_few_rounds_that_all_agree_need_only_the_fewest() -> None:
    assert sign_evidence(np.ones(5), 0.0, 0.01).repetitions_to_settle == 11


def test_nothing_is_proposed_where_the_median_is_at_the_limit() -> None:
    assert sign_evidence(np.array([1.0] * 6 + [-1.0] * 5), 0.0, 0.01).repetitions_to_settle is None


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=30),
    st.floats(-1, 1),
    st.sampled_from([0.2, 0.05, 0.01, 0.01 / 3]),
)
def test_the_bounds_invert_the_test(values: Any, limit: Any, error: Any) -> None:
    found = sign_evidence(np.array(values), limit, error)

    if found.decidable:
        assert (found.low > limit) == (found.p_above <= error)
        assert (found.high < limit) == (found.p_below <= error)
        assert found.low <= found.estimate <= found.high
        assert found.level >= 1 - 2 * error
    else:
        assert min(found.p_above, found.p_below) > error
