"""Measuring sides for a command: with progress on stderr, to the comparison that is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from walkerbench.cli.display import Display, clock_face, open_display
from walkerbench.cli.output import write_out
from walkerbench.cli.result import to_text
from walkerbench.errors import ExitCode

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.interleaved.round_plan import Plan
    from walkerbench.interleaved.sides import Side


def measure_and_judge(
    sides: Sequence[Side],
    *,
    budget_s: float | None,
    rounds: int | None,
    tolerance: float,
    alpha: float,
    allow_different_work: bool,
    quiet: bool,
) -> Compared:
    """Measure sides now, the base first, and judge the others against it."""
    from walkerbench.comparison.verdicts import check_decidable
    from walkerbench.interleaved.judging import judge_measurement
    from walkerbench.interleaved.round_plan import Request
    from walkerbench.interleaved.rounds import measure

    check_decidable(tolerance, alpha)
    request = Request(budget_s=budget_s, rounds=rounds, alpha=alpha)
    with open_display(sys.stderr, quiet=quiet) as display:
        display.say(f"measuring {', '.join(side.label for side in sides)}")
        measured = measure(sides, request, allow_different_work=allow_different_work, listener=RoundsProgress(display))
    return judge_measurement(measured, tolerance=tolerance)


def print_compared(compared: Compared, exit_code: ExitCode, *, as_json: bool, advice: str | None = None) -> None:
    """Print a comparison: as JSON and nothing else, with the exit code that the process will end with, or as tables."""
    from walkerbench.reports.terminal import comparison

    if as_json:
        plain = compared.as_dict() | {"exit_code": exit_code} | ({} if advice is None else {"advice": advice})
        write_out(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        write_out(to_text(comparison.report(compared, advice=advice)))


class RoundsProgress:
    """Shows how far a measurement is, as its listener.

    Args:
        display: Where to show it.
    """

    def __init__(self, display: Display) -> None:
        self._display = display

    def planned(self, plan: Plan) -> None:
        """Say how much is going to be measured."""
        self._display.say(describe_plan(plan))
        self._display.begin()

    def progress(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """Show how far it is."""
        facts = describe_rounds(rounds_done, rounds, remaining_s)
        self._display.show(what="", facts=facts, completed=rounds_done, total=rounds)


def describe_plan(plan: Plan) -> str:
    """Return what is going to be measured, in a line."""
    return f"{plan}, about {clock_face(plan.rounds * plan.round_s)}"


def describe_rounds(rounds_done: int, rounds: int, remaining_s: float) -> str:
    """Return how far it is, in a line."""
    return f"round {rounds_done}/{rounds}  {clock_face(remaining_s)} left"
