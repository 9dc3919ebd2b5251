"""The gate against a git revision that is measured now: the comparison first, then a run of the candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from walkerbench.comparison.comparison_result import Compared
from walkerbench.errors import UsageError
from walkerbench.gating.candidate import GateCandidate
from walkerbench.gating.gate_result import GateResult
from walkerbench.interleaved.sides import Side
from walkerbench.interleaved.worktrees import WORKING_TREE


def gate_against_revision(
    revision: str, candidate: GateCandidate, compare: Callable[[Sequence[Side]], Compared]
) -> GateResult:
    """Compare the candidate with a revision, interleaved, and record one run of it.

    Args:
        revision: A git revision.
        candidate: The candidate, which is judged.
        compare: Measures sides now, the base first, and judges them.

    Raises:
        UsageError: The revision is the candidate itself; or the run cannot be carried out as asked.
        WalkerbenchError: As raised by `compare` and by `GateCandidate.record`.
    """
    if revision == WORKING_TREE:
        raise UsageError(f"{revision}: that is the candidate itself: give a git revision", parameters=("against",))
    # The comparison comes first: sides that cannot be measured are refused before a run is recorded.
    compared = compare((Side(revision, revision, candidate.profile), candidate.side))
    return GateResult(tuple(candidate.record(range(1), 1)), compared)
