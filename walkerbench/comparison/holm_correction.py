"""Holm's correction of p-values that are judged together (Holm 1979, Scandinavian Journal of Statistics 6, 65-70)."""

from __future__ import annotations


def holm(p_values: list[float]) -> list[float]:
    """Return Holm's corrected p-values: each is at most alpha exactly where Holm's procedure rejects at alpha.

    The smallest of m p-values is multiplied by m, the next by m - 1, and so on. A result that is smaller than the one
    before it is raised to that one.

    Args:
        p_values: Of a family, in any order.

    Returns:
        The corrected p-values, in the same order.
    """
    corrected = [0.0] * len(p_values)
    so_far = 0.0
    for done, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        so_far = max(so_far, min(1.0, (len(p_values) - done) * p_values[index]))
        corrected[index] = so_far
    return corrected
