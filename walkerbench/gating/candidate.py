"""Runs of the candidate, each in a process of its own that imports the working tree's code."""

from __future__ import annotations

from collections.abc import Callable

from walkerbench.errors import EmergencyShutdown, Interrupted
from walkerbench.gating.gate_result import GatedRun
from walkerbench.interleaved.worktrees import WORKING_TREE, checked_out
from walkerbench.running import repeats
from walkerbench.running.run_process import RunRequest


def record_candidate(
    requests: Callable[[int], RunRequest], numbers: range, total: int, tell: Callable[[int], None]
) -> list[GatedRun]:
    """Record runs of the working tree; outside of any checkout of walkerbench, of the package that runs now.

    Args:
        requests: Gives the request for a run, by the run's number.
        numbers: Which of the runs, from 0.
        total: How many there are to be in the end.
        tell: Told of the number of each run that begins.

    Raises:
        Interrupted: The user ended them.
        UsageError: The run cannot be carried out as asked; why stands on stderr.
        RunBroken: A run broke.
        EmergencyShutdown: One of several runs stopped itself, so that the others would not be its repeats.
    """
    with checked_out(WORKING_TREE, "working tree") as checkout:
        recorded = repeats.record_repeats(
            lambda number: requests(numbers[number]),
            len(numbers),
            lambda number: tell(numbers[number]),
            package=checkout.directory,
        )
    which = f"run {numbers.start + len(recorded.runs)} of {total}"
    if recorded.interrupted:
        raise Interrupted(f"interrupted in {which}; what was recorded is kept")
    runs = [GatedRun(child.directory, child.judged(f"{which} came to no verdict")) for child in recorded.runs]
    for each in runs:
        if total > 1 and each.run.state == "emergency":
            raise EmergencyShutdown(f"{each.directory}: {each.run.ended_because}")
    return runs
