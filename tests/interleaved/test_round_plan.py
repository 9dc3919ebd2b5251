from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.comparison.decision_rules import ALPHA
from walkerbench.errors import BudgetTooSmall, TooFewRounds
from walkerbench.interleaved.round_plan import (
    Calibration,
    Limits,
    MeasurementRequest,
    Plan,
    block_orders,
    find_limits,
    frames_per_block,
    make_plan,
)

# The sides take 1 ms and 1.5 ms per frame: a block has 125 frames and takes 0.3125 s on both sides, 12 blocks 3.75 s.
TWO_SIDES = Calibration(spent_s=3.0, overhead_s=1.0, frame_s=(0.001, 0.0015))


def approximately(value: float) -> Any:
    return pytest.approx(value)


def test_a_plan_equals_that_computed_by_hand() -> None:
    # (60 - 3) / 4.75 = 12: enough for the 11 rounds that 1 % needs.
    assert make_plan(MeasurementRequest(budget_s=60.0), TWO_SIDES, ALPHA) == Plan(12, 12, 125, approximately(4.75))


def test_a_round_has_fewer_blocks_where_rounds_would_be_too_few() -> None:
    # 37 s: 7 rounds of 12 blocks, 8 of 10, 10 of 8 (3.5 s each), 12 of 6 (2.875 s each).
    assert make_plan(MeasurementRequest(budget_s=40.0), TWO_SIDES, ALPHA) == Plan(12, 6, 125, approximately(2.875))


def test_too_small_a_budget_is_refused_with_one_that_is_enough() -> None:
    with pytest.raises(BudgetTooSmall) as caught:
        make_plan(MeasurementRequest(budget_s=20.0), TWO_SIDES, ALPHA)
    # 3 + 11 · 2.875 = 34.625; with a margin of 40 %, in steps of 5 s.
    assert str(caught.value) == (
        "a budget of 20 s is too small for the 11 rounds that an error rate of 1 % takes "
        "(by the first one, a round takes 2.9 s here): give 50 s or more"
    )
    assert caught.value.needed_s == 50
    assert make_plan(MeasurementRequest(budget_s=40.0), TWO_SIDES, ALPHA).rounds >= 11


def test_a_calibration_that_used_up_the_budget_leaves_no_rounds() -> None:
    with pytest.raises(BudgetTooSmall, match="give 50 s or more"):
        make_plan(MeasurementRequest(budget_s=1.0), TWO_SIDES, ALPHA)


def test_more_sides_take_more_rounds() -> None:
    three = Calibration(3.0, 1.0, (0.001, 0.001, 0.001))
    with pytest.raises(
        TooFewRounds,
        match=r"11 rounds are too few for an error rate of 1 % where one of them disagrees: give 12 or more",
    ):
        make_plan(MeasurementRequest(rounds=11), three, ALPHA)
    # With one round that disagrees, 11 reach 12 / 2048 = 0.59 %, and 12 reach 13 / 4096 = 0.32 %, below 1 % / 2.
    assert make_plan(MeasurementRequest(rounds=12), three, ALPHA).rounds == 12


def test_requested_rounds_are_run_however_long_they_take() -> None:
    assert make_plan(MeasurementRequest(budget_s=0.1, rounds=11), TWO_SIDES, ALPHA) == Plan(
        11, 12, 125, approximately(4.75)
    )
    with pytest.raises(
        TooFewRounds,
        match=r"10 rounds are too few for an error rate of 1 % where one of them disagrees: give 11 or more",
    ) as caught:
        make_plan(MeasurementRequest(rounds=10), TWO_SIDES, ALPHA)
    assert caught.value.needed == 11


def test_a_slow_frame_is_a_block() -> None:
    assert frames_per_block(0.5) == 1
    assert frames_per_block(0.0625) == 2
    assert frames_per_block(0.0625, 0.25) == 4
    slow = Calibration(4.0, 2.0, (0.5, 0.5))
    # A round of 6 blocks takes 6 · 1 s + 2 s = 8 s.
    assert make_plan(MeasurementRequest(budget_s=100.0), slow, ALPHA) == Plan(12, 6, 1, approximately(8.0))


@given(st.integers(2, 5), st.integers(0, 2**32), st.integers(1, 99))
def test_orders_are_balanced(sides: int, seed: int, number: int) -> None:
    orders = block_orders(sides, 2 * sides, (seed, number))
    assert len(orders) == 2 * sides
    assert all(sorted(order) == list(range(sides)) for order in orders)
    for place in range(sides):
        assert set(Counter(order[place] for order in orders).values()) == {2}
    assert all(order == other[::-1] for order, other in zip(orders[::2], orders[1::2], strict=True))


def test_orders_follow_the_number_of_blocks_and_the_seed() -> None:
    assert [len(block_orders(3, blocks, (1, 1))) for blocks in (2, 6, 8, 12)] == [2, 6, 8, 12]
    assert block_orders(2, 12, (1, 1)) == block_orders(2, 12, (1, 1))
    assert len({block_orders(2, 12, (1, number)) for number in range(20)}) > 5


@pytest.mark.parametrize(
    ("request_", "sides", "rounds", "least_s", "expected_s"),
    [
        # A round takes 6 blocks of 0.125 s and 0.75 s a side, and one round is not judged: 12 rounds of 3 s.
        (MeasurementRequest(), 2, 11, 36.0, 60.0),
        (MeasurementRequest(), 3, 12, 58.5, 60.0),
        # 13 + 1 rounds of 5 sides, 7.5 s each: more than the default budget.
        (MeasurementRequest(), 5, 13, 105.0, 105.0),
        (MeasurementRequest(budget_s=240), 3, 12, 58.5, 240.0),
        # With the rounds given, each has 12 blocks: 20 rounds of 4.5 s; the budget plays no part.
        (MeasurementRequest(rounds=19), 2, 11, 36.0, 90.0),
        (MeasurementRequest(rounds=19, budget_s=5), 2, 11, 36.0, 90.0),
        (MeasurementRequest(family=4), 2, 13, 42.0, 60.0),
    ],
)
def test_what_a_measurement_needs_and_takes_is_known_before_it(
    request_: MeasurementRequest, sides: int, rounds: int, least_s: float, expected_s: float
) -> None:
    assert find_limits(request_, sides, ALPHA) == Limits(rounds, least_s, expected_s)


@pytest.mark.parametrize("sides", [2, 3, 6])
def test_the_least_rounds_are_those_of_the_plan(sides: int) -> None:
    least = find_limits(MeasurementRequest(), sides, ALPHA).rounds
    calibration = Calibration(spent_s=1.0, overhead_s=1.0, frame_s=(0.001,) * sides)
    assert make_plan(MeasurementRequest(rounds=least), calibration, ALPHA).rounds == least
    with pytest.raises(TooFewRounds):
        make_plan(MeasurementRequest(rounds=least - 1), calibration, ALPHA)
