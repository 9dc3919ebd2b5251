"""Does the harness's work inside a test of a suite; a separate module, because it needs neither pytest nor greenlet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from walkerbench.system.stack_markers import StackMarker

__tracebackhide__ = True  # where a test fails, pytest leaves out the lines of this module


def do_in_test(act: Callable[[], Any]) -> Any:
    """Call a function of the harness inside a test that waits, and return what the function returns."""
    return act()


IN_TEST_MARKER = StackMarker.of(do_in_test)
"""Marks a phase that runs inside a test, on the test's own stack: the function called from here is the phase's."""
