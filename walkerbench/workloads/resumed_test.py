"""Where the harness's work is done within a test of a suite, apart from what the test's own module needs to import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from walkerbench.system.stack_markers import StackMarker

__tracebackhide__ = True  # where a test fails, pytest shows its own lines


def do_in_test(act: Callable[[], Any]) -> Any:
    """Do something of the harness where a test stands."""
    return act()


IN_TEST_MARKER = StackMarker.of(do_in_test)
"""Marks a phase that runs within a test, on a stack of the test's own: what is called here is the phase's function."""
