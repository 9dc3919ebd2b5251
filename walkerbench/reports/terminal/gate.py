"""What a gate found, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from walkerbench.reports.terminal import comparison
from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.run_verdict import OUTCOMES, measured_in_words

if TYPE_CHECKING:
    from walkerbench.gating.gate_result import GatedCriterion, GateResult


def report(result: GateResult) -> Iterator[RenderableType]:
    """Lay out the comparison, the criteria of the runs, and what they come to."""
    yield from comparison.parts(result.compared)
    yield from layout.titled(f"Criteria, {where(result)}", [_criteria(result)])
    yield Text()
    for line in (*result.failures, *result.doubts):
        yield Text(line, overflow="fold")
    yield Text(f"{result.word}: {because(result)}", style=layout.STYLES[result.word], overflow="fold")


def where(result: GateResult) -> str:
    """The recorded run, or how many and the first and the last of them."""
    directories = [str(each.directory) for each in result.runs]
    if len(directories) == 1:
        return directories[0]
    return f"{len(directories)} runs, {directories[0]} to {directories[-1]}"


def measured(criterion: GatedCriterion) -> str:
    """What was measured, of several runs the least and the most."""
    values = [(verdict.criterion, verdict.value) for verdict in criterion.verdicts if verdict.value is not None]
    if not values:
        return layout.NOT_MEASURED
    ends = dict.fromkeys(measured_in_words(*pick(values, key=lambda each: each[1])) for pick in (min, max))
    return "…".join(ends)


def because(result: GateResult) -> str:
    """Why the gate's verdict is what it is, as a sentence."""
    states = ", ".join(dict.fromkeys(each.run.state for each in result.runs))
    return {
        "PASS": "every criterion is met, and no regression.",
        "FAIL": f"{len(result.failures)} of its conditions not met.",
        "INCONCLUSIVE": "it could not be decided.",
        "NO VERDICT": f"a run was not finished ({states}).",
    }[result.word]


def _criteria(result: GateResult) -> Table:
    table = layout.table(["criterion", "measured", "verdict"])
    for each in result.criteria:
        word = OUTCOMES[each.outcome]
        style = layout.STYLES["INCONCLUSIVE" if each.outcome == "unsupported" else word]
        table.add_row(Text(each.name), measured(each), Text(f"{word}{each.how_often}", style=style))
    return table
