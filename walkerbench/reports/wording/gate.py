"""The result of a gate, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.reports.wording.numbers import NOT_MEASURED
from walkerbench.reports.wording.run_verdict import measured_in_words

if TYPE_CHECKING:
    from walkerbench.gating.gate_result import GatedCriterion, GateResult


def where(result: GateResult) -> str:
    """Return the recorded run, or how many and the first and the last of them."""
    directories = [str(each.directory) for each in result.runs]
    if len(directories) == 1:
        return directories[0]
    return f"{len(directories)} runs, {directories[0]} to {directories[-1]}"


def measured(criterion: GatedCriterion) -> str:
    """Return what was measured, of several runs the least and the most."""
    values = [(verdict.criterion, verdict.value) for verdict in criterion.verdicts if verdict.value is not None]
    if not values:
        return NOT_MEASURED
    ends = dict.fromkeys(measured_in_words(*pick(values, key=lambda each: each[1])) for pick in (min, max))
    return "…".join(ends)


def because(result: GateResult) -> str:
    """Return why the gate's verdict is what it is, as a sentence."""
    states = ", ".join(dict.fromkeys(each.run.state for each in result.runs))
    return {
        "PASS": "every criterion is met, and no regression.",
        "FAIL": f"{len(result.failures)} of its conditions not met.",
        "INCONCLUSIVE": "it could not be decided.",
        "NO VERDICT": f"a run was not finished ({states}).",
    }[result.word]
