"""The rules that decide a comparison: how large a difference matters, and how often a verdict may be false."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from walkerbench.errors import UsageError
from walkerbench.modes.faults import refuse_faults

TOLERANCE = 0.02
"""The smallest slowdown or speed-up that matters, by default: 2 %."""

ALPHA = 0.01
"""The family-wise error rate, by default: 1 %."""


@dataclass(frozen=True, kw_only=True)
class DecisionRules:
    """The rules that decide a comparison. They are checked when they are made, before anything is measured.

    Attributes:
        tolerance: The smallest slowdown or speed-up that matters; 0.02 is 2 %.
        alpha: Family-wise error rate of each kind of verdict.
        allow_different_work: Whether sides that differ in what they compute may be compared; the result
            says so.
        allow_faults: Whether sides may have faults that are injected on purpose; the result says so.

    Raises:
        UsageError: Tolerance or alpha is out of range.
    """

    tolerance: float = TOLERANCE
    alpha: float = ALPHA
    allow_different_work: bool = False
    allow_faults: bool = False

    def __post_init__(self) -> None:
        check_decidable(self.tolerance, self.alpha)

    def check_faults(self, injected: Iterable[tuple[str, str | None]]) -> None:
        """Refuse what has injected faults, unless they are allowed.

        Args:
            injected: The name of each thing that is compared or judged, and its faults in words, None where it has no
                faults.

        Raises:
            InjectedFaults: Something has faults; a line for each.
        """
        if not self.allow_faults:
            refuse_faults(injected)


def check_decidable(tolerance: float, alpha: float) -> None:
    """Refuse a tolerance and an alpha by which no comparison could be decided.

    Raises:
        UsageError: Tolerance or alpha is out of range.
    """
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise UsageError(f"a tolerance of {tolerance:g} makes no sense: give 0 or more, such as 0.02 for 2 %")
    if not 0 < alpha < 0.5:
        raise UsageError(f"an alpha of {alpha:g} makes no sense: give more than 0 and less than 0.5")


DEFAULT_RULES = DecisionRules()
"""Tolerance 2 %, alpha 1 %, and every side must do the same work."""
