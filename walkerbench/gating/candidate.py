"""Runs of the candidate, each in a process of its own that imports the working tree's code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from walkerbench.errors import EmergencyShutdown, Interrupted
from walkerbench.gating.gate_result import GatedRun
from walkerbench.interleaved.sides import Side
from walkerbench.interleaved.worktrees import WORKING_TREE, checked_out
from walkerbench.profile.model import Profile
from walkerbench.running import repeats
from walkerbench.running.repeat_requests import repeat_requests

CANDIDATE = "working tree"
"""What the candidate is called in messages and results."""


@dataclass(frozen=True)
class GateCandidate:
    """The working tree's code with a profile; outside of any repository, the code that runs now.

    Attributes:
        profile: What its runs run.
        command_line: The words of the command that the user typed, for the record.
        tell: Told in a line of each run that begins; None where there is no progress to tell of.
    """

    profile: Profile
    command_line: tuple[str, ...]
    tell: Callable[[str], None] | None

    @property
    def side(self) -> Side:
        """The candidate as a side of a measurement."""
        return Side(CANDIDATE, WORKING_TREE, self.profile)

    def record(self, numbers: range, total: int) -> list[GatedRun]:
        """Record runs where runs are put by default.

        Args:
            numbers: Which of the runs, from 0.
            total: How many there are to be in the end.

        Raises:
            Interrupted: The user ended them.
            UsageError: The run cannot be carried out as asked, and why stands on stderr; or the working tree holds
                other code than what runs.
            RunBroken: A run broke.
            EmergencyShutdown: One of several runs stopped itself, so that the others would not be its repeats.
        """
        requests = repeat_requests(self.profile, total, None, self.command_line, progress=self.tell is not None)
        tell = self.tell or (lambda _: None)
        with checked_out(WORKING_TREE, CANDIDATE, self.profile.code_packages()):
            recorded = repeats.record_repeats(
                lambda number: requests(numbers[number]),
                len(numbers),
                lambda number: tell(f"run {numbers[number] + 1} of {total}"),
            )
        which = f"run {numbers.start + len(recorded.runs)} of {total}"
        if recorded.interrupted:
            raise Interrupted(f"interrupted in {which}; what was recorded is kept")
        runs = [GatedRun(child.directory, child.judged(f"{which} has no verdict")) for child in recorded.runs]
        for each in runs:
            if total > 1 and each.run.state == "emergency":
                raise EmergencyShutdown(f"{each.directory}: {each.run.ended_because}")
        return runs
