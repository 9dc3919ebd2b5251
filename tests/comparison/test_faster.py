"""The verdict "faster", and that it agrees with the other verdicts; values computed by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.comparison.verdicts import Question, RepeatTimes, judge_repeats, judge_rounds

FRAME = Question("threaded", "frame")
AGENTS = Question("threaded", "agent_processing")
LIMIT = math.log1p(0.02)


def judged(estimates: Any) -> Any:
    (comparison,) = judge_rounds({FRAME: estimates}, base="sequential")
    return comparison


def repeated(base_s: Any, candidate_s: Any) -> Any:
    (comparison,) = judge_repeats({FRAME: RepeatTimes(np.array(base_s), np.array(candidate_s))}, base="sequential")
    return comparison


@pytest.mark.parametrize(
    ("far_below", "between", "ties", "above", "verdict"),
    [
        (11, 0, 0, 0, "faster"),
        (10, 1, 0, 0, "faster"),
        (10, 0, 1, 0, "faster"),
        (10, 0, 0, 1, "faster"),
        (9, 2, 0, 0, "no regression"),
        (9, 0, 2, 0, "no regression"),
        (0, 0, 11, 0, "no regression"),
        (9, 1, 0, 1, "no regression"),
        (9, 0, 0, 2, "inconclusive"),
        (5, 0, 0, 6, "inconclusive"),
    ],
)
def test_ten_of_eleven_rounds_must_be_far_below_for_faster(
    far_below: int, between: int, ties: int, above: int, verdict: str
) -> None:
    """Ties are exactly at -log(1 + tolerance)."""
    estimates = np.repeat([-LIMIT - 0.01, 0.0, -LIMIT, LIMIT + 0.01], [far_below, between, ties, above])
    assert judged(estimates).verdict == verdict


ESTIMATES = st.lists(
    st.one_of(st.sampled_from([-LIMIT, 0.0, LIMIT]), st.floats(-0.1, 0.1)), min_size=12, max_size=12
).map(np.array)


@given(ESTIMATES, ESTIMATES)
def test_a_side_is_faster_where_its_base_would_be_slower(one: Any, other: Any) -> None:
    family = {FRAME: one, AGENTS: other}
    found = judge_rounds(family, base="sequential")
    exchanged = judge_rounds({question: -estimates for question, estimates in family.items()}, base="threaded")

    assert [each.p_faster for each in found] == [each.p_slower for each in exchanged]
    assert [each.verdict == "faster" for each in found] == [each.verdict == "regression" for each in exchanged]


@given(st.lists(ESTIMATES, min_size=1, max_size=4))
def test_a_faster_side_is_also_not_slower(family: Any) -> None:
    questions = {Question(str(number), "frame"): estimates for number, estimates in enumerate(family)}
    for each in judge_rounds(questions, base="sequential"):
        assert each.p_not_slower <= each.p_faster
        assert each.p_slower > each.alpha or each.p_not_slower > each.alpha


def test_every_field_of_a_faster_side_is_filled() -> None:
    found = judged(np.log(np.array([0.50, 0.54, 0.55, 0.55, 0.56, 0.56, 0.57, 0.57, 0.58, 0.60, 0.99])))

    # 10 of 11 rounds are below 1 / 1.02 and all are below 1.02.
    assert (found.p_slower, found.p_not_slower, found.p_faster) == pytest.approx((1.0, 1 / 2048, 12 / 2048))
    assert found.verdict == "faster"
    assert (found.time_ratio, found.low, found.high) == pytest.approx((0.56, 0.54, 0.60))
    assert found.repetitions_to_settle is None
    assert found.detail == "faster by more than 2 % (p = 0.0059)"


def test_after_a_faster_side_the_next_may_use_all_of_alpha() -> None:
    far = np.full(11, -2 * LIMIT)
    nearly = np.append(far[:10], 0.0)
    family = {FRAME: far, AGENTS: nearly}
    found = judge_rounds(family, base="sequential")
    apart = judge_rounds({FRAME: np.zeros(11), AGENTS: nearly}, base="sequential")

    assert [each.p_faster for each in found] == pytest.approx([2 / 2048, 12 / 2048])
    assert [each.verdict for each in found] == ["faster", "faster"]
    # Alone, its smallest p-value counts twice: "faster" is not shown, and "not slower" still is.
    assert apart[1].p_faster == pytest.approx(24 / 2048)
    assert [each.verdict for each in apart] == ["no regression", "no regression"]


def test_a_faster_side_counts_as_not_slower_in_its_family() -> None:
    unclear = np.repeat([LIMIT + 0.01, LIMIT - 0.01], [1, 10])
    found = judge_rounds({FRAME: np.full(11, -2 * LIMIT), AGENTS: unclear}, base="sequential")

    # "Not slower" of the faster side is the smaller p-value; it counts twice, and the other once.
    assert [each.p_not_slower for each in found] == pytest.approx([2 / 2048, 12 / 2048])
    assert [each.verdict for each in found] == ["faster", "no regression"]
    # Beside a side that is not shown to be not slower, the same p-value counts twice: 24 / 2048.
    alone = judge_rounds({FRAME: np.full(11, LIMIT), AGENTS: unclear}, base="sequential")
    assert [each.verdict for each in alone] == ["inconclusive", "inconclusive"]


def test_faster_repeats_equal_those_computed_by_hand() -> None:
    base_s = [0.0100, 0.0101, 0.0102, 0.0103, 0.0104]
    found = repeated(base_s, [each / 1.1 for each in base_s])

    # The shift nearest to 0 is log(104 / 110), well below -log(1.02): only the actual split is as extreme.
    assert (found.p_slower, found.p_not_slower, found.p_faster) == pytest.approx((1.0, 1 / 252, 1 / 252))
    assert (found.verdict, found.detail) == ("faster", "faster by more than 2 % (p = 0.004)")
    # 104 / 106 is above 1 / 1.02, and 103 / 106 and all others are below: 2 of 252 splits.
    nearer = repeated(base_s, [each / 1.06 for each in base_s])
    assert (nearer.verdict, nearer.p_faster) == ("faster", pytest.approx(2 / 252))
    # 103 / 105 and two more ratios near it are above, too: 5 of 252 are more than 1 %.
    too_near = repeated(base_s, [each / 1.05 for each in base_s])
    assert (too_near.verdict, too_near.p_faster) == ("no regression", pytest.approx(5 / 252))
