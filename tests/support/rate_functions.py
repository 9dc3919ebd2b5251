"""A function whose calls take as long as an argument says, for `tests.benchmarks.gate_rates`."""

from __future__ import annotations


def count(loops: int, extra_loops: int = 0) -> int:
    """Return a sum over so many numbers; 500 take about 20 microseconds.

    Args:
        loops: How many numbers.
        extra_loops: So many more for nothing: what is returned stays the same.
    """
    _sum_over(extra_loops)
    return _sum_over(loops)


def _sum_over(loops: int) -> int:
    total = 0
    for number in range(loops):
        total += number & 7
    return total
