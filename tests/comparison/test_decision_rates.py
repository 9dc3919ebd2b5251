"""Compares the rates that `python -m tests.benchmarks.gate_rates` prints with values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from decision_rates import threshold_rate, verdict_rates
from scipy.stats import binom

ABOVE, BELOW, FAR_BELOW = 0.05, 0.0, -0.05
"""Estimates on either side of log(1.02), and one below -log(1.02)."""


def test_rates_of_rounds_that_are_all_below_have_intervals() -> None:
    rates = verdict_rates(np.full(100, BELOW), 11)
    assert (rates["regression"].value, rates["not slower"].value, rates["inconclusive"].value) == (0, 1, 0)
    # Clopper and Pearson's upper bound for 0 of 100 is 1 - 0.025^(1/100); 10 or 11 of 11 rounds are a regression.
    highest = 1 - 0.025 ** (1 / 100)
    assert rates["regression"].high == pytest.approx(binom.sf(9, 11, highest))
    assert rates["inconclusive"].high == pytest.approx(1 - binom.cdf(1, 11, highest), rel=1e-6)
    assert rates["not slower"].low == pytest.approx(binom.cdf(1, 11, highest), rel=1e-6)


def test_a_verdicts_rate_is_that_of_a_binomial_draw() -> None:
    rates = verdict_rates(np.array([ABOVE] * 90 + [BELOW] * 10), 11)
    assert rates["regression"].value == pytest.approx(0.9**11 + 11 * 0.9**10 * 0.1)
    assert sum(rates[each].value for each in ("regression", "not slower", "inconclusive")) == pytest.approx(1)
    assert rates["faster"].value == 0


def test_the_rate_of_faster_is_that_of_rounds_far_below() -> None:
    rates = verdict_rates(np.array([FAR_BELOW] * 90 + [BELOW] * 10), 11)
    found = 0.9**11 + 11 * 0.9**10 * 0.1
    assert (rates["faster"].value, rates["not slower"].value) == pytest.approx((found, 1))
    never = verdict_rates(np.full(100, BELOW), 11)["faster"]
    assert (never.value, never.high) == pytest.approx((0, binom.sf(9, 11, 1 - 0.025 ** (1 / 100))))
    # With the sides exchanged, a slowdown is a speed-up.
    slower = np.array([ABOVE] * 70 + [BELOW] * 30)
    assert str(verdict_rates(-slower, 11)["faster"]) == str(verdict_rates(slower, 11)["regression"])


def test_a_threshold_takes_the_candidate_of_the_next_round() -> None:
    base = [np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([1.0, 1.0])]
    candidate = [np.array([9.0, 9.0]), np.array([1.04, 1.06]), np.array([2.2, 2.0])]
    # 1.05 against 1, and 2.1 against 2: at 5 % neither is above, at 4 % both are.
    assert threshold_rate(base, candidate, np.mean, 0.05).value == 0.0
    assert threshold_rate(base, candidate, np.mean, 0.04).value == 1.0
    assert threshold_rate(base, candidate, np.min, 0.03).value == 0.5
