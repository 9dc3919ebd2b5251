"""Shows the progress of a measurement of sides."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from walkerbench.cli.display import Display, clock_face, open_display
from walkerbench.comparison.comparison_result import Compared
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.interleaved import rounds
from walkerbench.interleaved.judging import judge_measurement
from walkerbench.interleaved.measurement_observer import MeasurementObserver
from walkerbench.interleaved.round_plan import MeasurementRequest, Plan, find_limits
from walkerbench.interleaved.sides import Side


def measure_with_progress(
    sides: Sequence[Side], request: MeasurementRequest, rules: DecisionRules, *, quiet: bool
) -> Compared:
    """Measure sides now, judge each of the others against the base, and show the progress on stderr.

    Args:
        sides: The base first.
        request: How much to measure.
        rules: The rules that decide the verdicts.
        quiet: Whether to show no progress.
    """
    with open_display(sys.stderr, quiet=quiet) as display:
        measured = rounds.measure(sides, request, rules, RoundsProgress(display, request, rules.alpha))
    return judge_measurement(measured)


class RoundsProgress(MeasurementObserver):
    """Shows the progress of a measurement.

    Args:
        display: Where to show it.
        request: How much is to be measured.
        alpha: The family-wise error rate of the verdicts.
    """

    def __init__(self, display: Display, request: MeasurementRequest, alpha: float) -> None:
        self._display = display
        self._request = request
        self._alpha = alpha

    def started(self, sides: Sequence[Side]) -> None:
        """Print which sides are measured, how long that takes, and what is needed at least."""
        labels = ", ".join(side.label for side in sides)
        self._display.say(f"measuring {labels}: {describe_limits(self._request, len(sides), self._alpha)}")

    def planned(self, plan: Plan) -> None:
        """Print how much will be measured."""
        self._display.say(describe_plan(plan))
        self._display.begin()

    def round_done(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """Show how many rounds are done."""
        facts = describe_rounds(rounds_done, rounds, remaining_s)
        self._display.show(what="", facts=facts, completed=rounds_done, total=rounds)


def describe_limits(request: MeasurementRequest, sides: int, alpha: float) -> str:
    """Return about how long a measurement of so many sides takes, and what is needed at least, in one line."""
    limits = find_limits(request, sides, alpha)
    return (
        f"about {limits.expected_s:.0f} s; {sides} sides need at least {limits.rounds} rounds (--rounds), about "
        f"{limits.least_s:.0f} s (--budget)"
    )


def describe_plan(plan: Plan) -> str:
    """Return how much will be measured, and how long it will take, in one line."""
    return f"{plan}, about {clock_face(plan.rounds * plan.round_s)}"


def describe_rounds(rounds_done: int, rounds: int, remaining_s: float) -> str:
    """Return how many rounds are done, and the time left, in one line."""
    return f"round {rounds_done}/{rounds}  {clock_face(remaining_s)} left"
