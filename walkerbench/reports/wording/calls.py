"""The time of one call, for workloads whose frames are calls of a function, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.reports.wording.numbers import NOT_MEASURED

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile

_UNITS = (("s", 1e3), ("ms", 1.0), ("µs", 1e-3), ("ns", 1e-6))
"""Each unit in ms, the longest first."""


def calls_per_frame(run: RunFile) -> int | None:
    """Return how many calls a frame of a run makes; None where frames do not call a function."""
    settings = run.profile.get("environment")
    calls = settings.get("calls_per_frame") if isinstance(settings, dict) else None
    return calls if isinstance(calls, int) and calls > 0 else None


def calls_in_words(run: RunFile) -> dict[str, str]:
    """Return the fact `calls` in words: calls per frame, and the time of one; no fact where frames make no calls."""
    calls = calls_per_frame(run)
    if calls is None:
        return {}
    mean_ms = run.metrics.get(f"{run.workload.main_phase.metric}.mean")
    return {"calls": f"{calls:,} in a frame, of {time_per_call(mean_ms, calls)} each (mean)"}


def time_per_call(phase_ms: float | None, calls: int) -> str:
    """Return the time of one call, with its unit and four digits: `4.973 µs`.

    Args:
        phase_ms: The time of all calls of a frame.
        calls: The number of these calls.
    """
    if phase_ms is None:
        return NOT_MEASURED
    call_ms = phase_ms / calls
    unit, length = next((each for each in _UNITS if call_ms >= each[1]), _UNITS[-1])
    return f"{call_ms / length:.4g} {unit}"
