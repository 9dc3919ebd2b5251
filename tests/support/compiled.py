"""Inner functions of the walker's kernels, for tests: only compiled code can call them as they are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def from_python(function: Callable[P, R]) -> Callable[P, R]:
    """Return an inner function as one that Python can call, compiled once per process and types of its arguments.

    A record is given as a row of an array, `agents[0]`: what the function changes in it arrives in the array.
    """
    return cast(Callable[P, R], _passing_on(function))


@functools.cache
def _passing_on(function: Any) -> Any:
    def call(*arguments: Any) -> Any:
        return function(*arguments)

    return njit(call)
