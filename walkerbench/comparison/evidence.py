"""Evidence: what a test says of one candidate against its base, before a family of them is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Test = Literal["sign", "permutation"]
"""Which test: over rounds that were measured together, or over repeats that were recorded apart."""

LIKELY = 0.9
"""Chance of a verdict from which on a number of repetitions is said to settle a comparison."""


@dataclass(frozen=True)
class Evidence:
    """What a test says of how far a candidate is from its base.

    Attributes:
        test: The test.
        repetitions: Number of rounds; of repeats, those of the side that has fewer.
        repetitions_needed: The fewest with which the test should decide.
        repetitions_to_settle: The fewest, above those there are, that would likely have a verdict at the scatter seen;
            None where no sensible number would.
        decidable: Whether so many repetitions can have a verdict at all.
        estimate: Of the distance, in the unit of the values tested.
        low: Lower bound of the distance, by inversion of the test.
        high: Upper bound.
        level: Probability with which the two bounds hold the distance.
        p_above: One-sided p-value; the null hypothesis is that the distance is at most the limit.
        p_below: The same; the null hypothesis is that it is at least the limit.
    """

    test: Test
    repetitions: int
    repetitions_needed: int
    repetitions_to_settle: int | None
    decidable: bool
    estimate: float
    low: float
    high: float
    level: float
    p_above: float
    p_below: float
