from __future__ import annotations

import pytest

from walkerbench.cli.error_lines import error_lines
from walkerbench.errors import NotComparable, OverrideError, UsageError, WalkerbenchError

ON_PURPOSE = (
    "a change that reorders arithmetic or alters the environment changes the trajectory on purpose: where this is one, "
    "give --allow-different-work, and every report says so"
)


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (WalkerbenchError("it broke"), "it broke"),
        (UsageError("no such thing"), "no such thing"),
        (UsageError("give 50 s or more", parameters=("budget_s",)), "give 50 s or more (--budget)"),
        (UsageError("give another", parameters=("mode", "workers")), "give another (--mode, --workers)"),
        (UsageError("too few", parameters=("baselines",)), "too few (--baseline)"),
        (OverrideError((("frames, duration_s", "give one"),)), "--frames, --duration: give one"),
        (OverrideError((("criteria", "wrong"), ("faults.x", "bad"))), "--criterion: wrong\nfaults.x: bad"),
        (NotComparable("a differs", parameters=("allow_different_work",)), f"a differs; {ON_PURPOSE}"),
        (NotComparable("a\nb", parameters=("allow_different_work",)), f"a\nb\n{ON_PURPOSE}"),
        (NotComparable("no way"), "no way"),
    ],
)
def test_an_error_is_said_with_the_options_to_change(error: WalkerbenchError, lines: str) -> None:
    assert error_lines(error) == lines
