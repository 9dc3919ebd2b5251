"""The result of a gate, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.reports.terminal import comparison
from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.comparison import faults_of_sides, work_not_the_same
from walkerbench.reports.wording.gate import because, measured, where
from walkerbench.reports.wording.run_verdict import OUTCOMES

if TYPE_CHECKING:
    from walkerbench.gating.gate_result import GateResult


def report(result: GateResult) -> Iterator[RenderableType]:
    """Lay out the comparison, the criteria of the runs, and the conclusion."""
    yield from comparison.parts(result.compared)
    yield from layout.titled(f"Criteria, {where(result)}", [_criteria(result)])
    yield layout.blank_line()
    yield from layout.warnings(
        *faults_of_sides(result.compared), *work_not_the_same(result.compared)
    )  # once more where the verdict is read
    for reason in (*result.failures, *result.doubts, *result.improvements):
        yield layout.line(reason)
    yield layout.line(f"{result.word}: {because(result)}", layout.STYLES[result.word])


def _criteria(result: GateResult) -> RenderableType:
    rows = [
        (
            each.name,
            measured(each),
            layout.name(f"{OUTCOMES[each.outcome]}{each.how_often}", layout.OUTCOME_STYLES[each.outcome]),
        )
        for each in result.criteria
    ]
    return layout.table(["criterion", "measured", "verdict"], rows)
