"""Recorded runs in a list, in words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from walkerbench.reports.wording.numbers import NOT_MEASURED, counted

if TYPE_CHECKING:
    from walkerbench.run_directory import ListedRun

_UNITS_S = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def age_s(run: ListedRun, now: datetime) -> float:
    """Return how long ago a run was started, s; 0 where its file names a time in the future."""
    return max(0.0, (now - run.started).total_seconds())


def age_in_words(run: ListedRun, now: datetime) -> str:
    """Return how long ago a run was started, in the largest unit of which it is at least 1: `3 hours ago`."""
    seconds = age_s(run, now)
    unit, length_s = next((each for each in _UNITS_S if seconds >= each[1]), _UNITS_S[-1])
    return f"{counted(int(seconds // length_s), unit)} ago"


def size_in_words(size_bytes: int) -> str:
    """Return a size on a disk in MB."""
    return f"{size_bytes / 1e6:,.1f} MB"


def verdict_or_state(run: ListedRun) -> str:
    """Return a run's verdict, or why it has none, in one or two words."""
    if run.facts is None:
        return "damaged"
    if run.facts.state == "running":
        return "being recorded" if run.facts.being_recorded else "killed"
    return run.facts.state if run.facts.state in ("interrupted", "broken") else run.facts.verdict


def agents_in_words(run: ListedRun) -> str:
    """Return how many agents a run has, of each stage: `30, 60, 120 agents`."""
    if run.facts is None or not run.facts.agents:
        return f"{NOT_MEASURED} agents"
    return f"{', '.join(map(str, run.facts.agents))} agent{'' if run.facts.agents == (1,) else 's'}"


def total_in_words(runs: tuple[ListedRun, ...]) -> str:
    """Return the number of runs and their total size: `3 runs, 12.5 MB`."""
    return f"{counted(len(runs), 'run')}, {size_in_words(sum(run.size_bytes for run in runs))}"
