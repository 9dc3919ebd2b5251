"""Small loops over vectors that several kernels need."""

from __future__ import annotations

from walkerbench.workloads.walker.arrays import Floats, Floats32
from walkerbench.workloads.walker.kernels.compiling import inner


@inner
def copy_values(source: Floats32, target: Floats32) -> None:
    """Copy a vector. Assignment to a slice would do the same, and take a second to compile."""
    for place in range(len(source)):
        target[place] = source[place]


@inner
def highest_value(values: Floats32) -> int:
    """Return the number of the highest value, the first of equal ones."""
    best = 0
    for number in range(1, len(values)):
        if values[number] > values[best]:
            best = number
    return best


@inner
def first_above(ascending: Floats, value: float) -> int:
    """Return the number of the first element that is greater than a value; the length where none is."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] > value:
            high = middle
        else:
            low = middle + 1
    return low
