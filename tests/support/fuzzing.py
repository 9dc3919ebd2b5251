"""Sets how many examples property-based tests draw: few in the suite, many in a long fuzz.

The long fuzz is every property-based test, and nothing else::

    python -m pytest -m hypothesis --hypothesis-profile=long --timeout=0
"""

from __future__ import annotations

from hypothesis import settings

SUITE, LONG = "suite", "long"
"""Names of hypothesis' profiles."""

_EXAMPLES = 100
_TIMES = 100


def register_profiles() -> None:
    """Register both profiles with hypothesis, and load the suite's; an option of pytest loads the other."""
    # No deadline: how long an example takes depends on the machine.
    settings.register_profile(SUITE, deadline=None, max_examples=_EXAMPLES)
    settings.register_profile(LONG, deadline=None, max_examples=_EXAMPLES * _TIMES)
    settings.load_profile(SUITE)


def examples(count: int) -> int:
    """Return how many examples a test draws whose examples are too slow, or too weak, for the usual number.

    Args:
        count: How many in the suite.
    """
    return count * (settings().max_examples // _EXAMPLES)
