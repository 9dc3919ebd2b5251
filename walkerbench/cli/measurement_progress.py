"""Shows how far a measurement of sides is while it goes on."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from walkerbench.cli.display import Display, clock_face, open_display
from walkerbench.comparison.comparison_result import Compared
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.interleaved import rounds
from walkerbench.interleaved.judging import judge_measurement
from walkerbench.interleaved.measurement_observer import MeasurementObserver
from walkerbench.interleaved.round_plan import MeasurementRequest, Plan
from walkerbench.interleaved.sides import Side


def measure_with_progress(
    sides: Sequence[Side], request: MeasurementRequest, rules: DecisionRules, *, quiet: bool
) -> Compared:
    """Measure sides now, the base first, judge the others against it, and show on stderr how far it is.

    Args:
        sides: The base first.
        request: How much may be measured.
        rules: What is decided by.
        quiet: Whether nothing is shown.
    """
    with open_display(sys.stderr, quiet=quiet) as display:
        measured = rounds.measure(sides, request, rules, RoundsProgress(display))
    return judge_measurement(measured)


class RoundsProgress(MeasurementObserver):
    """Shows how far a measurement is.

    Args:
        display: Where to show it.
    """

    def __init__(self, display: Display) -> None:
        self._display = display

    def started(self, sides: Sequence[Side]) -> None:
        """Say what is measured."""
        self._display.say(f"measuring {', '.join(side.label for side in sides)}")

    def planned(self, plan: Plan) -> None:
        """Say how much is going to be measured."""
        self._display.say(describe_plan(plan))
        self._display.begin()

    def round_done(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """Show how far it is."""
        facts = describe_rounds(rounds_done, rounds, remaining_s)
        self._display.show(what="", facts=facts, completed=rounds_done, total=rounds)


def describe_plan(plan: Plan) -> str:
    """Return what is going to be measured, in a line."""
    return f"{plan}, about {clock_face(plan.rounds * plan.round_s)}"


def describe_rounds(rounds_done: int, rounds: int, remaining_s: float) -> str:
    """Return how far it is, in a line."""
    return f"round {rounds_done}/{rounds}  {clock_face(remaining_s)} left"
