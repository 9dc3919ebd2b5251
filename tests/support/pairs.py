"""Measures two things in turn, so that a machine whose speed drifts changes both in the same way."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """A measured ratio and the bound that it must keep.

    Attributes:
        name: What was measured.
        value: The median.
        low: The lower quartile.
        high: The upper quartile.
        bound: "<= 2.00", say; empty where the figure is only shown.
        kept: Whether the bound is kept.
    """

    name: str
    value: float
    low: float
    high: float
    bound: str
    kept: bool


def at_most(name: str, values: list[float], limit: float) -> Ratio:
    """Return the median of some values as a ratio that must not be above a limit."""
    return _ratio(name, values, f"<= {limit:g}", statistics.median(values) <= limit)


def at_least(name: str, values: list[float], limit: float) -> Ratio:
    """Return the median of some values as a ratio that must not be below a limit."""
    return _ratio(name, values, f">= {limit:g}", statistics.median(values) >= limit)


def shown(name: str, values: list[float]) -> Ratio:
    """Return the median of some values as a ratio without a limit."""
    return _ratio(name, values, "", True)


def seconds(function: Callable[[], object]) -> float:
    """Return the time of one call, s."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _ratio(name: str, values: list[float], bound: str, kept: bool) -> Ratio:
    low, _, high = statistics.quantiles(values, n=4)
    return Ratio(name, statistics.median(values), low, high, bound, kept)
