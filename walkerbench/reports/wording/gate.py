"""The result of a gate, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.reports.wording.numbers import NOT_MEASURED, counted
from walkerbench.reports.wording.run_verdict import measured_in_words

if TYPE_CHECKING:
    from walkerbench.gating.gate_result import GatedCriterion, GateResult


def where(result: GateResult) -> str:
    """Return the directory of the recorded run; of several runs their number, and the first and last directory."""
    directories = [str(each.directory) for each in result.runs]
    if len(directories) == 1:
        return directories[0]
    return f"{len(directories)} runs, {directories[0]} to {directories[-1]}"


def measured(criterion: GatedCriterion) -> str:
    """Return the measured value; of several runs the smallest and the largest."""
    values = [(verdict.criterion, verdict.value) for verdict in criterion.verdicts if verdict.value is not None]
    if not values:
        return NOT_MEASURED
    ends = dict.fromkeys(measured_in_words(*pick(values, key=lambda each: each[1])) for pick in (min, max))
    return "…".join(ends)


def _no_regression(result: GateResult) -> str:
    faster = [each.candidate for each in result.compared.comparisons if each.verdict == "faster"]
    return f"{', '.join(faster)} is faster" if faster else "there is no regression"


def because(result: GateResult) -> str:
    """Return the reason for the gate's verdict, as a sentence."""
    states = ", ".join(dict.fromkeys(each.run.state for each in result.runs))
    return {
        "PASS": f"every criterion is met, and {_no_regression(result)}.",
        "FAIL": f"{counted(len(result.failures), 'condition')} not met.",
        "INCONCLUSIVE": "a comparison or a criterion could not be decided.",
        "NO VERDICT": f"a run was not finished ({states}).",
    }[result.word]
