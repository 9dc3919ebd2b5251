"""Error rates of the verdicts on synthetic rounds whose true ratio is known: no clock, fixed seeds.

Thousands of comparisons are decided with a table: the verdict of `judge_rounds` for each count of rounds above and
below the limit, and below minus the limit. Its verdict depends on nothing else; the first test compares the table with
`judge_rounds`.
"""

from __future__ import annotations

import functools
import math
from typing import Any, SupportsInt

import numpy as np
import pytest
from scipy.stats import binomtest

from walkerbench.comparison.confidence_interval import bound_rank, shifts
from walkerbench.comparison.decision_rules import ALPHA, TOLERANCE
from walkerbench.comparison.holm_correction import holm
from walkerbench.comparison.permutation_test import p_value_below, permutation_p_values
from walkerbench.comparison.sign_test import sign_p_value
from walkerbench.comparison.verdicts import Question, judge_rounds, round_estimate

ROUNDS = 11
TRIALS = 20_000
LIMIT = math.log1p(TOLERANCE)
FRAME = Question("candidate", "frame")


REAL_ROUNDS = np.array([
    -1.27, -0.23, 0.17, 0.65, 0.61, -0.47, -0.60, 0.01, -2.44, 1.48,
    1.65, 0.22, -2.98, -1.68, -0.94, 0.00, -0.08, -0.95, -0.28, -0.72,
    -1.22, 3.08, -2.87, 0.49, 0.45, 1.05, 1.77, 0.21, -0.52, 0.78,
    0.07, 1.27, -1.72, -3.53, -0.16, 0.23, -0.86, 5.13, 0.11, 0.16,
])  # fmt: skip
"""Values of 40 real rounds of the walker against itself on two cores, log ratios in %: tests.benchmarks.gate_rates."""


def as_measured(rng: Any, shape: Any) -> Any:
    """Return noise like that of real rounds, as measured: 39 of 40 within 1 %, one 7 % off."""
    return np.where(rng.random(shape) < 1 / 40, rng.choice([-0.07, 0.07], shape), rng.normal(0, 0.004, shape))


def heavy_tails(rng: Any, shape: Any) -> Any:
    return 0.003 * rng.standard_t(1.5, shape)


def skewed(rng: Any, shape: Any) -> Any:
    return rng.exponential(0.02, shape) - 0.02 * math.log(2)


def unequal_variance(rng: Any, shape: Any) -> Any:
    """Return noise that grows from round to round: a hundred times as much in the last as in the first."""
    return rng.normal(0, 1, shape) * np.geomspace(0.0005, 0.05, shape[-1])


def of_real_rounds(rng: Any, shape: Any) -> Any:
    """Return real rounds, drawn at random, around a median of 0."""
    return rng.choice((REAL_ROUNDS - np.median(REAL_ROUNDS)) / 100, shape)


NOISES = [as_measured, heavy_tails, skewed, unequal_variance, of_real_rounds]


@functools.cache
def verdict_table() -> Any:
    """Return `[above, below, far]`: the verdict on that many rounds above and below the limit, and below its negative.

    The rounds that are neither above nor below the limit are at it.
    """
    table = np.full((ROUNDS + 1, ROUNDS + 1, ROUNDS + 1), "", dtype="U16")
    for above in range(ROUNDS + 1):
        for below in range(ROUNDS + 1 - above):
            for far in range(below + 1):
                counts = [above, ROUNDS - above - below, below - far, far]
                estimates = np.repeat([LIMIT + 1, LIMIT, 0, -LIMIT - 1], counts)
                table[above, below, far] = judge_rounds({FRAME: estimates}, base="base")[0].verdict
    return table


def verdicts(estimates: Any) -> Any:
    """Return the verdicts, `(trials,)`, of estimates, `(trials, rounds)`."""
    counts = [each.sum(axis=1) for each in (estimates > LIMIT, estimates < LIMIT, estimates < -LIMIT)]
    return verdict_table()[tuple(counts)]


def is_rate(count: SupportsInt, trials: int, rate: float) -> bool:
    """Return whether a count is within the binomial error of a rate, five standard deviations wide."""
    return bool(binomtest(int(count), trials, rate).pvalue > 5.7e-7)


def exceeds(count: SupportsInt, trials: int, rate: float) -> bool:
    """Return whether a count is above a rate by more than its binomial error."""
    return bool(binomtest(int(count), trials, rate, alternative="greater").pvalue < 2.9e-7)


def test_the_tables_hold_the_verdicts_of_judge_rounds() -> None:
    rng = np.random.default_rng(1)
    values = [LIMIT, LIMIT + 0.01, LIMIT - 0.01, -LIMIT, -LIMIT - 0.01]
    chances = ([0.05, 0.9, 0.03, 0.01, 0.01], [0.04, 0.03, 0.4, 0.1, 0.43], [0.02, 0.03, 0.03, 0.02, 0.9])
    estimates = np.concatenate([rng.choice(values, (150, ROUNDS), p=each) for each in chances])

    judged = [judge_rounds({FRAME: each}, base="base")[0].verdict for each in estimates]
    assert judged == verdicts(estimates).tolist()
    assert {*judged} == {"regression", "no regression", "faster", "inconclusive"}


@pytest.mark.promise("verdicts", 'False regressions, false all-clears and false "faster" are each at most alpha.')
@pytest.mark.parametrize("noise", NOISES)
def test_false_verdicts_at_the_tolerance_are_as_rare_as_promised(noise: Any) -> None:
    found = verdicts(LIMIT + noise(np.random.default_rng(2), (TRIALS, ROUNDS)))

    # The worst case for both kinds of error, and the test is exact: 12/2048, below alpha.
    for false in (["regression"], ["no regression", "faster"]):
        count = np.count_nonzero(np.isin(found, false))
        assert is_rate(count, TRIALS, 12 / 2048)
        assert not exceeds(count, TRIALS, ALPHA)


@pytest.mark.promise("verdicts", 'False regressions, false all-clears and false "faster" are each at most alpha.')
@pytest.mark.parametrize("noise", NOISES)
def test_false_faster_at_the_tolerance_is_as_rare_as_promised(noise: Any) -> None:
    found = verdicts(-LIMIT + noise(np.random.default_rng(9), (TRIALS, ROUNDS)))

    # The worst case: the candidate is faster by the tolerance, and not by more.
    count = np.count_nonzero(found == "faster")
    assert is_rate(count, TRIALS, 12 / 2048)
    assert not exceeds(count, TRIALS, ALPHA)


@pytest.mark.parametrize("noise", NOISES)
def test_identical_code_is_no_regression(noise: Any) -> None:
    found = verdicts(noise(np.random.default_rng(3), (TRIALS, ROUNDS)))

    for false in ("regression", "faster"):
        assert not exceeds(np.count_nonzero(found == false), TRIALS, ALPHA)


def test_measured_noise_rarely_prevents_the_right_verdict() -> None:
    rng = np.random.default_rng(4)
    alike = verdicts(as_measured(rng, (TRIALS, ROUNDS)))
    slower = verdicts(math.log(1.05) + as_measured(rng, (TRIALS, ROUNDS)))
    faster = verdicts(-math.log(1.05) + as_measured(rng, (TRIALS, ROUNDS)))

    assert not np.isin(alike, ["regression", "faster"]).any()
    assert np.mean(alike == "inconclusive") <= 0.03
    assert np.mean(slower == "regression") >= 0.97
    assert not np.isin(slower, ["no regression", "faster"]).any()
    assert np.mean(faster == "faster") >= 0.97
    assert not (faster == "regression").any()


@pytest.mark.parametrize("true_ratio", [1 / 1.05, 1.0, 1.0 + TOLERANCE, 1.05])
def test_a_machine_that_drifts_by_a_quarter_changes_no_rate(true_ratio: Any) -> None:
    trials, blocks = 300, 12
    rng = np.random.default_rng(5)
    # The machine becomes slower by a quarter during the comparison, and one block in ten takes 1.5 times as long.
    drift = np.linspace(1.0, 1.25, ROUNDS * blocks).reshape(ROUNDS, blocks)
    shape = (trials, ROUNDS, blocks)
    disturbed = [np.where(rng.random(shape) < 0.1, 1.5, 1.0) * np.exp(rng.normal(0, 0.01, shape)) for _ in range(2)]
    base_s, candidate_s = 0.1 * drift * disturbed[0], 0.1 * drift * disturbed[1] * true_ratio
    found = verdicts(
        np.array(
            [
                [round_estimate(*both) for both in zip(*trial, strict=True)]
                for trial in zip(base_s, candidate_s, strict=True)
            ]
        )
    )

    assert not exceeds(np.count_nonzero((found == "regression") & (true_ratio <= 1 + TOLERANCE)), trials, ALPHA)
    all_clear = np.isin(found, ["no regression", "faster"])
    assert not exceeds(np.count_nonzero(all_clear & (true_ratio >= 1 + TOLERANCE)), trials, ALPHA)
    assert not exceeds(np.count_nonzero((found == "faster") & (true_ratio >= 1)), trials, ALPHA)
    assert true_ratio >= 1 or np.mean(found == "faster") > 0.95
    assert true_ratio == 1 + TOLERANCE or np.mean(found == "inconclusive") < 0.05


@pytest.mark.parametrize("noise", NOISES)
def test_the_bounds_hold_the_true_ratio_at_their_level(noise: Any) -> None:
    ordered = np.sort(noise(np.random.default_rng(6), (TRIALS, ROUNDS)), axis=1)
    rank = bound_rank(ROUNDS, ALPHA)
    missed = (ordered[:, rank - 1] > 0) | (ordered[:, -rank] < 0)

    assert is_rate(np.count_nonzero(missed), TRIALS, 24 / 2048)


@pytest.mark.parametrize("truly_slow", [0, 1, 2])
def test_false_regressions_in_a_family_are_at_most_alpha(truly_slow: int) -> None:
    rounds, trials = 12, 5_000
    p_values = np.array([sign_p_value(count, rounds) for count in range(rounds + 1)])
    # The sides share a base, so the estimates of a round are correlated.
    rng = np.random.default_rng(7)
    noise = as_measured(rng, (trials, 3, rounds)) + rng.normal(0, 0.004, (trials, 1, rounds))
    estimates = LIMIT + noise + np.array([0.1] * truly_slow + [0.0] * (3 - truly_slow))[:, None]
    corrected = [holm(trial) for trial in p_values[(estimates > LIMIT).sum(axis=2)].tolist()]

    false = np.count_nonzero((np.array(corrected)[:, truly_slow:] <= ALPHA).any(axis=1))
    assert not exceeds(false, trials, ALPHA)


@pytest.mark.promise("verdicts", 'False regressions, false all-clears and false "faster" are each at most alpha.')
@pytest.mark.parametrize("truly_fast", [0, 1, 2])
def test_false_faster_in_a_family_is_at_most_alpha(truly_fast: int) -> None:
    rounds, trials = 12, 5_000
    p_values = np.array([sign_p_value(count, rounds) for count in range(rounds + 1)])
    rng = np.random.default_rng(10)
    noise = as_measured(rng, (trials, 3, rounds)) + rng.normal(0, 0.004, (trials, 1, rounds))
    estimates = -LIMIT + noise - np.array([0.1] * truly_fast + [0.0] * (3 - truly_fast))[:, None]
    corrected = np.array([holm(trial) for trial in p_values[(estimates < -LIMIT).sum(axis=2)].tolist()])
    questions = [Question(str(number), "frame") for number in range(3)]
    judged = [judge_rounds(dict(zip(questions, trial, strict=True)), base="base") for trial in estimates[:50]]

    assert corrected[:50] == pytest.approx(np.array([[each.p_faster for each in family] for family in judged]))
    assert not exceeds(np.count_nonzero((corrected[:, truly_fast:] <= ALPHA).any(axis=1)), trials, ALPHA)
    assert (corrected[:, :truly_fast] <= ALPHA).sum() >= 0.97 * truly_fast * trials


@pytest.mark.parametrize("noise", [as_measured, heavy_tails, skewed])
def test_false_faster_of_repeats_is_as_rare_as_promised(noise: Any) -> None:
    trials = 3_000
    rng = np.random.default_rng(11)
    base, candidate = noise(rng, (trials, 5)), noise(rng, (trials, 5)) - LIMIT
    p_values = [(1 + np.count_nonzero(shifts(*both) >= -LIMIT)) / 252 for both in zip(base, candidate, strict=True)]

    assert p_values[:50] == pytest.approx(
        [p_value_below(*both, -LIMIT) for both in zip(base[:50], candidate[:50], strict=True)]
    )
    assert is_rate(np.count_nonzero(np.array(p_values) <= ALPHA), trials, 2 / 252)


@pytest.mark.parametrize("noise", [as_measured, heavy_tails, skewed])
def test_false_regressions_of_repeats_are_as_rare_as_promised(noise: Any) -> None:
    trials = 3_000
    rng = np.random.default_rng(8)
    base, candidate = noise(rng, (trials, 5)), LIMIT + noise(rng, (trials, 5))
    # The p-value is the share of shifts, see test_permutation_test.py: SciPy needs milliseconds for each.
    p_values = [(1 + np.count_nonzero(shifts(*both) <= LIMIT)) / 252 for both in zip(base, candidate, strict=True)]

    assert p_values[:50] == pytest.approx(
        [permutation_p_values(*both, LIMIT)[0] for both in zip(base[:50], candidate[:50], strict=True)]
    )
    assert is_rate(np.count_nonzero(np.array(p_values) <= ALPHA), trials, 2 / 252)
