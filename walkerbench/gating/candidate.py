"""Records runs of the candidate, each in its own process, which imports the working tree's code."""

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
"""The candidate's name in messages and results."""


@dataclass(frozen=True)
class GateCandidate:
    """The working tree's code with a profile; outside of any repository, the code that runs now.

    Attributes:
        profile: The profile of its runs.
        command_line: The words of the command that the user typed, to be recorded.
        tell: Called with a line when a run begins; None where no progress is shown.
    """

    profile: Profile
    command_line: tuple[str, ...]
    tell: Callable[[str], None] | None

    @property
    def side(self) -> Side:
        """Return the candidate as a side of a measurement."""
        return Side(CANDIDATE, WORKING_TREE, self.profile)

    def record(self, numbers: range, total: int) -> list[GatedRun]:
        """Record some of the candidate's runs in the default folder.

        Args:
            numbers: Numbers of the runs to record, from 0.
            total: How many runs there will be after the last call.

        Raises:
            Interrupted: The user ended the runs.
            UsageError: The run cannot be carried out as requested, and stderr says why; or the working tree holds
                different code from what runs.
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
