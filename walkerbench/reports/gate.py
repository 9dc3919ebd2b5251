"""What a gate found, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from walkerbench.reports import comparison, layout, terminal

if TYPE_CHECKING:
    from walkerbench.gating import GateResult


def report(result: GateResult) -> Iterator[RenderableType]:
    """Lay out the comparison, the criteria of each run, and what they come to."""
    yield from comparison.parts(result.compared)
    for each in result.runs:
        yield from layout.titled(f"Criteria, {each.directory}", [terminal.criteria_table(each.run)])
    yield Text()
    for line in (*result.failures, *result.doubts):
        yield Text(line, overflow="fold")
    yield Text(f"{result.word}: {because(result)}", style=layout.STYLES[result.word], overflow="fold")


def because(result: GateResult) -> str:
    """Why the gate's verdict is what it is, as a sentence."""
    states = ", ".join(dict.fromkeys(each.run.state for each in result.runs))
    return {
        "PASS": "every criterion is met, and no regression.",
        "FAIL": f"{len(result.failures)} of its conditions not met.",
        "INCONCLUSIVE": "it could not be decided.",
        "NO VERDICT": f"a run was not finished ({states}).",
    }[result.word]
