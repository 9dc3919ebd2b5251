from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import pytest

from walkerbench.doctor.noise import Noise, measure_noise, noise_of
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override


def approximately(value: float) -> Any:
    return pytest.approx(value)


def test_with_few_pairs_the_farthest_ratio_is_the_bound() -> None:
    assert noise_of([0.0, math.log(1.25), math.log(0.5)]) == Noise(3, approximately(math.log(1.25)), approximately(1.0))


def test_an_outlier_does_not_move_the_interval() -> None:
    ratios = [0.01, -0.01] * 12 + [0.7]  # of 25 values, the 99 % interval of the median leaves out 5 on each side

    assert noise_of(ratios) == Noise(25, approximately(0.01), approximately(math.expm1(0.01)))


def test_a_constant_bias_hides_slowdowns_as_noise_does() -> None:
    assert noise_of([-0.05] * 25).drowned == approximately(math.expm1(0.05))


@pytest.fixture
def tiny() -> Any:
    return override(load_profile("smoke"), ProfileOverrides(agents=2, warmup=2, frames=4))


def test_two_environments_are_timed_in_blocks_of_the_same_frames(tiny: Any) -> None:
    ticks = itertools.count(0, 40_000_000)  # 40 ms between two readings of the clock

    noise = measure_noise(tiny, 1.0, lambda: next(ticks))

    # A pair reads the clock four times for its blocks and once for the deadline, 0.2 s: five pairs fill a second.
    assert noise == Noise(pairs=5, typical=0.0, drowned=0.0)


def test_at_least_one_pair_is_measured(tiny: Any) -> None:
    assert measure_noise(dataclasses.replace(tiny, warmup=0), 0.0).pairs == 1
