"""A function whose calls take as long as an argument says, for `tests.benchmarks.gate_rates`."""

from __future__ import annotations


def count(loops: int) -> int:
    """Return a sum over so many numbers; 500 take about 20 microseconds."""
    total = 0
    for number in range(loops):
        total += number & 7
    return total
