from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.comparison.holm_correction import holm
from walkerbench.comparison.verdicts import (
    Question,
    RepeatTimes,
    judge_repeats,
    judge_rounds,
    repeats_needed,
    round_estimate,
    rounds_needed,
)
from walkerbench.errors import NotComparable, UsageError

FRAME = Question("threaded", "frame")
AGENTS = Question("threaded", "agent_processing")
LIMIT = math.log1p(0.02)


def rounds(above: Any, below: Any, ties: int = 0) -> Any:
    """Return that many estimates above the default tolerance, below it and exactly at it."""
    return np.array([LIMIT + 0.01] * above + [LIMIT - 0.01] * below + [LIMIT] * ties)


def judged(estimates: Any, **options: Any) -> Any:
    (comparison,) = judge_rounds({FRAME: estimates}, base="sequential", **options)
    return comparison


def repeated(base_s: Any, candidate_s: Any, **options: Any) -> Any:
    (comparison,) = judge_repeats(
        {FRAME: RepeatTimes(np.array(base_s), np.array(candidate_s))}, base="sequential", **options
    )
    return comparison


def test_a_rounds_estimate_is_the_median_over_its_blocks() -> None:
    estimate = round_estimate(np.array([1.0, 2.0, 4.0]), np.array([1.1, 2.1, 40.0]))

    assert estimate == pytest.approx(math.log(1.1))


def test_a_rounds_estimate_takes_whole_nanoseconds() -> None:
    assert round_estimate(np.array([100, 200]), np.array([110, 220])) == pytest.approx(math.log(1.1))


@pytest.mark.parametrize(
    ("base", "candidate", "message"),
    [
        ([1.0, 1.0], [1.0], "the base ran 2 blocks and the candidate 1: both must run the same"),
        ([], [], "the candidate has no measured times: run it again, with measured frames"),
        ([1.0], [0.0], "the candidate has a time of 0, which is no positive number: measure it again"),
        ([-1.0], [1.0], "the base has a time of -1, which is no positive number: measure it again"),
        ([math.nan], [1.0], "the base has a time of nan, which is no positive number: measure it again"),
        ([math.inf], [1.0], "the base has a time of inf, which is no positive number: measure it again"),
    ],
)
def test_times_that_cannot_be_compared_are_refused(base: list[float], candidate: list[float], message: str) -> None:
    with pytest.raises(NotComparable) as caught:
        round_estimate(np.array(base), np.array(candidate))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("above", "below", "ties", "verdict"),
    [
        (11, 0, 0, "regression"),
        (10, 1, 0, "regression"),
        (10, 0, 1, "regression"),
        (9, 2, 0, "inconclusive"),
        (9, 0, 2, "inconclusive"),
        (6, 5, 0, "inconclusive"),
        (0, 0, 11, "inconclusive"),
        (2, 9, 0, "inconclusive"),
        (1, 10, 0, "no regression"),
        (0, 11, 0, "no regression"),
    ],
)
def test_of_eleven_rounds_ten_must_agree_for_a_verdict(above: int, below: int, ties: int, verdict: str) -> None:
    assert judged(rounds(above, below, ties)).verdict == verdict


def test_every_field_of_a_regression_is_filled() -> None:
    found = judged(np.log(np.array([1.0, 1.04, 1.05, 1.05, 1.05, 1.06, 1.06, 1.06, 1.07, 1.08, 1.5])))

    assert (found.candidate, found.base, found.metric) == ("threaded", "sequential", "frame")
    assert (found.test, found.repetitions, found.repetitions_needed) == ("sign", 11, 11)
    assert (found.time_ratio, found.low, found.high) == pytest.approx((1.06, 1.04, 1.08))
    assert found.level == pytest.approx(1 - 24 / 2048)
    assert (found.p_slower, found.p_not_slower) == pytest.approx((12 / 2048, 2047 / 2048))
    assert found.p_faster == 1.0
    assert (found.tolerance, found.alpha) == (0.02, 0.01)
    assert found.verdict == "regression"
    assert found.repetitions_to_settle is None
    # The lower bound is 1.04 for 1.06: it reaches 1.02 for 1.06 * 1.02 / 1.04.
    assert found.detectable_slowdown == pytest.approx(1.06 * 1.02 / 1.04 - 1)
    assert found.detail == "slower by more than 2 % (p = 0.0059)"


def test_rounds_above_the_detectable_slowdown_are_a_regression() -> None:
    estimates = np.log(np.array([0.9, 0.99, 0.995, 0.998, 1.0, 1.001, 1.002, 1.003, 1.005, 1.01, 1.2]))
    shift = math.log1p(judged(estimates).detectable_slowdown) - math.log(1.001)

    assert judged(estimates + shift + 1e-9).verdict == "regression"
    assert judged(estimates + shift - 1e-9).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("estimates", "detail"),
    [
        (rounds(0, 11), "not slower by 2 % or more (p = 0.00049)"),
        (rounds(0, 11) - 2 * LIMIT, "faster by more than 2 % (p = 0.00049)"),
        (rounds(3, 0), "an error rate of 1 % needs 11 rounds, there are 3"),
        (rounds(8, 2), "an error rate of 1 % needs 11 rounds, there are 10"),
        (rounds(9, 2), "30 rounds would likely settle it; 11 detect a slowdown above 4.06 %"),
        (rounds(6, 5), "even 200 rounds would hardly settle it; 11 detect a slowdown above 4.06 %"),
    ],
)
def test_the_detail_says_what_rounds_show_or_need(estimates: Any, detail: str) -> None:
    assert judged(estimates).detail == detail


@pytest.mark.parametrize("count", range(1, 7))
def test_too_few_rounds_are_inconclusive_however_clear(count: Any) -> None:
    found = judged(np.full(count, 5.0))

    assert found.verdict == "inconclusive"
    assert found.repetitions_to_settle == found.repetitions_needed == 11
    assert found.detectable_slowdown is None


def test_the_tolerance_and_alpha_are_those_asked_for() -> None:
    estimates = np.full(11, math.log(1.05))

    assert judged(estimates, tolerance=0.06).verdict == "no regression"
    assert judged(estimates, tolerance=0.0).verdict == "regression"
    assert judged(-estimates, tolerance=0.04).verdict == "faster"
    assert judged(-estimates, tolerance=0.06).verdict == "no regression"
    assert judged(-estimates / 1000, tolerance=0.0).verdict == "faster"
    assert judged(estimates, alpha=1 / 4096).verdict == "inconclusive"
    assert judged(estimates[:4], alpha=0.07).verdict == "regression"


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.2, 0.005, 0.009], [0.2, 0.015, 0.018]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.6, 0.7], [1.0, 1.0]),
    ],
)
def test_holms_p_values_equal_those_computed_by_hand(p_values: list[float], corrected: list[float]) -> None:
    assert holm(p_values) == pytest.approx(corrected)


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0.001, 0.4))
def test_holm_steps_down_until_one_fails(p_values: Any, alpha: Any) -> None:
    rejected = set()
    for done, index in enumerate(sorted(range(len(p_values)), key=lambda each: p_values[each])):
        if (len(p_values) - done) * p_values[index] > alpha:
            break
        rejected.add(index)

    assert {index for index, p_value in enumerate(holm(p_values)) if p_value <= alpha} == rejected


def verdicts_of(**estimates: Any) -> dict[Any, tuple[Any, Any, Any]]:
    comparisons = judge_rounds(
        {Question(side, "frame"): values for side, values in estimates.items()}, base="sequential"
    )
    return {each.candidate: (each.verdict, each.p_slower, each.p_not_slower) for each in comparisons}


def test_after_a_regression_the_next_may_use_all_of_alpha() -> None:
    together = verdicts_of(threaded=rounds(10, 1), process=rounds(11, 0))
    apart = verdicts_of(threaded=rounds(10, 1), process=rounds(6, 5))

    assert together["threaded"][:2] == ("regression", pytest.approx(12 / 2048))
    assert together["process"][:2] == ("regression", pytest.approx(2 / 2048))
    assert apart["threaded"][:2] == ("inconclusive", pytest.approx(24 / 2048))


def test_a_regression_does_not_ease_another_no_regression() -> None:
    found = verdicts_of(threaded=rounds(11, 0), process=rounds(1, 10))

    assert found["threaded"][0] == "regression"
    assert found["process"] == ("inconclusive", pytest.approx(2047 / 2048), pytest.approx(24 / 2048))


def test_a_family_keeps_its_order_and_has_wider_bounds() -> None:
    estimates = np.arange(11) / 100
    alone = judged(estimates)
    family = judge_rounds(
        {FRAME: estimates, AGENTS: estimates, Question("process", "frame"): estimates}, base="sequential"
    )

    assert [(each.candidate, each.metric) for each in family] == [
        ("threaded", "frame"),
        ("threaded", "agent_processing"),
        ("process", "frame"),
    ]
    assert (alone.low, alone.high) == pytest.approx((math.exp(0.01), math.exp(0.09)))
    assert (family[0].low, family[0].high) == pytest.approx((1.0, math.exp(0.1)))
    assert (alone.level, family[0].level) == pytest.approx((1 - 24 / 2048, 1 - 2 / 2048))
    assert (alone.repetitions_needed, family[0].repetitions_needed) == (11, 12)


def test_verdicts_of_repeats_equal_those_computed_by_hand() -> None:
    base_s = [0.0100, 0.0101, 0.0102, 0.0103, 0.0104]
    found = repeated(base_s, [each * 1.1 for each in base_s])

    assert (found.test, found.repetitions, found.repetitions_needed) == ("permutation", 5, 5)
    # The least shift is log(110 / 104), well above log(1.02): only the actual split is as extreme.
    assert (found.p_slower, found.p_not_slower) == pytest.approx((1 / 252, 1.0))
    assert found.time_ratio == pytest.approx(1.1)
    # The second shift from either end.
    assert (found.low, found.high) == pytest.approx((1.1 * 100 / 103, 1.1 * 103 / 100))
    assert found.level == pytest.approx(1 - 4 / 252)
    assert found.verdict == "regression"
    assert found.detail == "slower by more than 2 % (p = 0.004)"


def test_repeats_that_are_alike_are_no_regression() -> None:
    times_s = [0.0100, 0.01001, 0.01002, 0.01003, 0.01004]

    assert repeated(times_s, times_s).verdict == "no regression"
    assert repeated(times_s, times_s, tolerance=0.0).verdict == "inconclusive"


def test_too_few_repeats_are_inconclusive_however_clear() -> None:
    found = repeated([1.0, 1.001, 1.002, 1.003], [9.0, 9.001, 9.002, 9.003])

    assert found.verdict == "inconclusive"
    assert found.detectable_slowdown is None
    assert found.detail == "an error rate of 1 % needs 5 repeats a side, there are 4"


def test_five_repeats_are_too_few_for_three_comparisons() -> None:
    times_s = np.array([1.0, 1.001, 1.002, 1.003, 1.004])
    family = {Question(side, "frame"): RepeatTimes(times_s, times_s * 2) for side in ("a", "b", "c")}

    assert {each.verdict for each in judge_repeats(family, base="sequential")} == {"inconclusive"}
    assert {each.repetitions_needed for each in judge_repeats(family, base="sequential")} == {6}


def test_the_detail_says_what_scattered_repeats_need() -> None:
    found = repeated([1.0, 1.01, 1.02, 1.03, 1.04], [1.0, 1.02, 1.04, 1.06, 1.08])

    assert found.verdict == "inconclusive"
    assert found.detail.startswith("even 10 repeats a side would hardly settle it; 5 detect a slowdown above ")


@pytest.mark.parametrize(
    ("base_s", "candidate_s", "message"),
    [
        ([], [1.0], "sequential (frame) has no measured times: run it again, with measured frames"),
        ([1.0], [], "threaded (frame) has no measured times: run it again, with measured frames"),
        ([1.0], [math.nan], "threaded (frame) has a time of nan, which is no positive number: measure it again"),
        (
            [1.0] * 11,
            [1.0] * 10,
            "10 runs of threaded against 11 of sequential are too many for an exact test: give at most 10 of each",
        ),
    ],
)
def test_repeats_that_cannot_be_judged_are_refused(base_s: Any, candidate_s: Any, message: str) -> None:
    with pytest.raises(NotComparable) as caught:
        repeated(base_s, candidate_s)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("estimates", "message"),
    [
        ([], "threaded (frame) has no rounds: measure at least one"),
        ([0.0, math.nan], "threaded (frame) has a round without a finite estimate: measure it again"),
        ([math.inf], "threaded (frame) has a round without a finite estimate: measure it again"),
    ],
)
def test_rounds_that_cannot_be_judged_are_refused(estimates: list[Any], message: str) -> None:
    with pytest.raises(NotComparable) as caught:
        judged(np.array(estimates))
    assert str(caught.value) == message


@pytest.mark.parametrize("judge", [judge_rounds, judge_repeats])
@pytest.mark.parametrize(
    ("questions", "options", "message"),
    [
        ({}, {}, "there is nothing to compare: name at least one candidate"),
        (
            {FRAME: None},
            {"tolerance": -0.1},
            "a tolerance of -0.1 makes no sense: give 0 or more, such as 0.02 for 2 %",
        ),
        (
            {FRAME: None},
            {"tolerance": math.nan},
            "a tolerance of nan makes no sense: give 0 or more, such as 0.02 for 2 %",
        ),
        ({FRAME: None}, {"alpha": 0.0}, "an alpha of 0 makes no sense: give more than 0 and less than 0.5"),
        ({FRAME: None}, {"alpha": 0.5}, "an alpha of 0.5 makes no sense: give more than 0 and less than 0.5"),
    ],
)
def test_rules_that_make_no_sense_are_refused(
    judge: Any, questions: dict[str, Any], options: dict[str, float], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        judge(questions, base="sequential", **options)
    assert str(caught.value) == message


def test_what_is_needed_is_known_before_anything_is_measured() -> None:
    assert (rounds_needed(0.01, 1), repeats_needed(0.01, 1), repeats_needed(0.01, 3)) == (11, 5, 6)


def test_scipy_is_not_loaded_where_nothing_is_compared() -> None:
    code = """
import sys
import walkerbench.__main__, walkerbench.cli, walkerbench.running.runner
from walkerbench.comparison import verdicts as comparison
comparison.rounds_needed(0.01, 3)
sys.exit("scipy" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
